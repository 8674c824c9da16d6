"""Counts in sentences."""


def counted(number: float, one: str, many: str = "") -> str:
    """Return a whole number and what is counted: `1 row`, `2,310 rows`, `1 row is missing`.

    Args:
        number: How many.
        one: What follows a 1.
        many: What follows any other number; empty: `one` with an s.
    """
    text = f"{number:,.0f}"
    return f"{text} {one if text == '1' else many or f'{one}s'}"

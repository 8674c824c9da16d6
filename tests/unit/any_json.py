"""JSON of which one value, anywhere, is another one."""

from hypothesis import strategies as st

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["PASS", "INVALID", "<b>", "..", "a/b", "p95", "rate", "10s", 0, -1, 130, 5])
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), SCALARS)


def places(content: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the way to everything within a JSON value."""
    within = (
        list(content.items())
        if isinstance(content, dict)
        else list(enumerate(content))
        if isinstance(content, list)
        else []
    )
    return [path, *(found for key, value in within for found in places(value, (*path, key)))]


def changed(content: object, path: tuple[object, ...], value: object) -> object:
    if not path:
        return value
    key, *rest = path
    if isinstance(content, dict):
        return {**content, key: changed(content[key], tuple(rest), value)}
    assert isinstance(content, list)
    assert isinstance(key, int)
    return [*content[:key], changed(content[key], tuple(rest), value), *content[key + 1 :]]

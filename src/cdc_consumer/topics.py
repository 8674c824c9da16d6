"""The topic that Debezium writes a table's events to."""

import re
from typing import Final

from cdc_consumer.errors import ConfigurationError

# SQL's syntax for names: a part in double quotes is literal, and `""` in it is one quote. A part
# without quotes is literal too, including its case.
_PART: Final = r'(?:[^\W\d][\w$]*|"(?:[^"\0]|"")+")'
_NAME: Final = re.compile(rf"({_PART})\.({_PART})")
_NOT_IN_TOPICS: Final = re.compile(r"[^A-Za-z0-9._-]")
# Kafka's maximum length of a name.
_MOST_LETTERS: Final = 249


def topic_of(prefix: str, table: str) -> str:
    """Return the topic: `prefix.schema.table`, as SchemaTopicNamingStrategy names it.

    Blank parts are omitted, each UTF-16 unit that Kafka does not accept becomes an underscore, and
    the result is truncated.

    Raises:
        ConfigurationError: `table` is not a `schema.table`.
    """
    found = _NAME.fullmatch(table)
    if found is None:
        raise ConfigurationError(f"{table!r} is not schema.table")
    parts = (
        part[1:-1].replace('""', '"') if part.startswith('"') else part for part in found.groups()
    )
    joined = ".".join(part for part in (prefix, *parts) if part.strip())
    units = joined.encode("utf-16-le", "surrogatepass")
    letters = "".join(chr(units[i] | units[i + 1] << 8) for i in range(0, len(units), 2))
    return _NOT_IN_TOPICS.sub("_", letters)[:_MOST_LETTERS]

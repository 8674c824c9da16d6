"""The name of a table: schema and table, in SQL's syntax.

`public.orders`, `"Shop"."Invoice line"`: the text between double quotes is the name, and `""`
inside it is one quote. Unlike SQL, a part without quotes is not folded to lower case.
"""

import re
from functools import lru_cache
from typing import NamedTuple

# PostgreSQL truncates longer names (NAMEDATALEN - 1).
_MOST_BYTES = 63
_PART = r'(?:[^\W\d][\w$]*|"(?:[^"\0]|"")+")'
_NAME = re.compile(rf"(?P<schema>{_PART})\.(?P<name>{_PART})")
# PostgreSQL reads these back unchanged without quotes, except key words.
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
# https://kafka.apache.org/documentation/#topicconfigs: letters, digits, `._-`, and at most 249.
_NOT_IN_TOPICS = re.compile(r"[^A-Za-z0-9._-]")
_MOST_IN_TOPIC = 249


class TableName(NamedTuple):
    """A table's name; its parts are the arguments of `psycopg.sql.Identifier`.

    Attributes:
        schema: The schema.
        name: The table.
    """

    schema: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "TableName":
        """Parse a table's name.

        Raises:
            ValueError: The text is not a name; the message says why.
        """
        return _parse(text)

    def __str__(self) -> str:
        """Return the name in SQL, normalized: two spellings of one name give the same text."""
        return ".".join(
            part if _PLAIN.fullmatch(part) else '"{}"'.format(part.replace('"', '""'))
            for part in self
        )

    def topic(self, prefix: str) -> str:
        """Return the topic that Debezium writes the table's events to.

        Its SchemaTopicNamingStrategy omits blank parts, replaces each UTF-16 unit that Kafka does
        not accept by an underscore, and truncates the result.
        """
        joined = ".".join(part for part in (prefix, *self) if part.strip())
        units = joined.encode("utf-16-le", "surrogatepass")
        letters = "".join(chr(units[i] | units[i + 1] << 8) for i in range(0, len(units), 2))
        return _NOT_IN_TOPICS.sub("_", letters)[:_MOST_IN_TOPIC]

    def pattern(self) -> str:
        r"""Return the regular expression that matches only this table in `table.include.list`.

        Debezium splits the list at commas and strips spaces, so both are written as `\x{2c}`;
        letters outside ASCII are written as they are.
        """
        return r"\.".join(re.sub(r"[^\w]", _escaped, part) for part in self)


@lru_cache(maxsize=1024)
def _parse(text: str) -> TableName:
    found = _NAME.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not schema.table; quote a name with characters other than letters, "
            'digits, and _: public."Invoice line"'
        )
    name = TableName(*(_part(found[x]) for x in ("schema", "name")))
    for part in name:
        if len(part.encode()) > _MOST_BYTES:
            raise ValueError(f"{part} is longer than {_MOST_BYTES} bytes, PostgreSQL's maximum")
    return name


def _part(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def _escaped(found: re.Match[str]) -> str:
    return rf"\x{{{ord(found[0]):x}}}"

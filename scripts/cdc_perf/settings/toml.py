"""Text in TOML: strings and keys."""

import json
import re

_BARE = re.compile(r"[A-Za-z0-9_-]+")
# JSON's escapes are TOML's, but TOML does not accept DEL as it is.
_DEL = "\x7f"
_LITERAL = re.compile(r"[^'\x00-\x1f\x7f]*")


def quoted(text: str) -> str:
    """Return a string, in the form that needs no escapes if there is one."""
    if any(letter in text for letter in '"\\') and _LITERAL.fullmatch(text):
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace(_DEL, "\\u007F")


def key(name: str) -> str:
    """Return a key, quoted if it needs quotes."""
    return name if _BARE.fullmatch(name) else quoted(name)


def comment(text: str) -> str:
    """Return text for the rest of a comment's line: control characters are escaped."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", text)

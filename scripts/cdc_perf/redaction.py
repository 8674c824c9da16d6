"""Remove users and passwords from text that is shown, logged, or recorded."""

import re

HIDDEN = "***"
# RFC 3986, 3.2: the user information ends at the last @ before the path.
_USER = re.compile(r"(?<=://)[^\s/\"'`<>]*@")
# A parameter in a URL, in a libpq connection string, or in a log.
_PARAMETER = re.compile(
    r"(?i)(?P<name>\b[\w.-]*(?:passw(?:or)?d|passwd|pwd|secret|token|signature|\bsig))"
    r"(?P<sign>=)(?:'[^']*'|\"[^\"]*\"|[^\s&,;\"'`<>)\]}]+)"
)


def redacted(text: str) -> str:
    """Return the text with `***` for users and passwords in URLs and for password parameters."""
    return _PARAMETER.sub(rf"\g<name>\g<sign>{HIDDEN}", _USER.sub(f"{HIDDEN}@", text))

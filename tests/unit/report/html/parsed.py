"""A page as a browser without JavaScript sees it: texts, links and what would run or load."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "hr", "img", "input"}
# Whatever could make a browser fetch something.
_FETCHING = {"src", "srcset", "href", "action", "formaction", "poster", "background", "data"}

# Texts that would break out of a page that does not escape them.
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\"><svg onload='alert(1)'>",
    "{{ 7 * 7 }} {% raw %} <!-- ]]> &lt;b&gt; &amp;",
    "'; alert(1); //  ",
    "名前 é\N{PARTY POPPER} \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe \N{ZERO WIDTH SPACE}",
]


@dataclass
class Parsed(HTMLParser):
    """What was found.

    Attributes:
        text: All text, but that of styles and scripts, with single spaces.
        open: The elements that are open; empty at the end of a page whose elements are whole.
        tags: Every element that was opened.
        fetched: Attributes by which something outside of the page could be fetched.
        handlers: Attributes that would run something.
        ids: Every `id`.
        links: Every `href` that leads to a place on the page.
        raw: What is in each style and script, by element.
        labels: Every `aria-label`.
    """

    text: str = ""
    open: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    raw: list[tuple[str, str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    policy: str = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        attributes = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attributes.items():
            if name in _FETCHING and not (name == "href" and value.startswith("#")):
                self.fetched.append(f"{tag} {name}={value}")
            if name.startswith("on") or name == "style":
                self.handlers.append(f"{tag} {name}")
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if attributes.get("href", "").startswith("#"):
            self.links.append(attributes["href"][1:])
        if "aria-label" in attributes:
            self.labels.append(attributes["aria-label"])
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> ends nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.raw.append((self.open[-1], data))
        else:
            self.text = " ".join(f"{self.text} {data}".split())


def parsed(page: str) -> Parsed:
    found = Parsed()
    HTMLParser.__init__(found, convert_charrefs=True)
    found.feed(page)
    found.close()
    assert not found.open
    return found

"""Toxiproxy's API: the proxies of the links, and what it does to their connections.

https://github.com/Shopify/toxiproxy#http-api
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from cdc_perf.errors import StackFailure
from cdc_perf.stack.connect_api import why_not

_SECONDS = 5.0
_DIRECTIONS = ("upstream", "downstream")


@dataclass(frozen=True)
class Proxy:
    """One proxy.

    Attributes:
        listen: `host:port` that clients connect to.
        toxics: The names of what it does to its connections.
    """

    listen: str
    toxics: tuple[str, ...]


@dataclass(frozen=True)
class Toxiproxy:
    """A Toxiproxy whose proxies have the names of the links.

    Attributes:
        url: The address of its API.
    """

    url: str

    def proxies(self) -> Mapping[str, Proxy]:
        """Return the proxies by name.

        Raises:
            StackFailure: It does not answer, or refuses the request.
        """
        return {
            name: Proxy(found["listen"], tuple(toxic["name"] for toxic in found["toxics"]))
            for name, found in self._ask("GET", "/proxies").items()
        }

    def add(self, link: str, toxic: str, attributes: Mapping[str, int]) -> None:
        """Do something to the connections of a link, in both directions.

        Args:
            link: The link.
            toxic: A type of Toxiproxy's, such as `latency`.
            attributes: The attributes of that type.

        Raises:
            StackFailure: As in `proxies`.
        """
        for direction in _DIRECTIONS:
            content = {"type": toxic, "stream": direction, "attributes": dict(attributes)}
            self._ask("POST", f"/proxies/{link}/toxics", content)

    def clear(self, link: str) -> None:
        """Let the connections of a link pass as before.

        Raises:
            StackFailure: As in `proxies`.
        """
        for name in self.proxies()[link].toxics:
            self._ask("DELETE", f"/proxies/{link}/toxics/{name}")

    def affected(self) -> Iterator[str]:
        """Yield the links whose connections do not pass as usual.

        Raises:
            StackFailure: As in `proxies`.
        """
        yield from (link for link, proxy in self.proxies().items() if proxy.toxics)

    def _ask(self, method: str, path: str, content: object = None) -> Any:  # noqa: ANN401 - JSON
        try:
            answer = requests.request(method, f"{self.url}{path}", json=content, timeout=_SECONDS)
        except requests.RequestException as error:
            raise StackFailure(f"Toxiproxy does not answer: {why_not(error)}") from None
        if not answer.ok:
            raise StackFailure(f"Toxiproxy refuses {method} {path}: {answer.text.strip()}")
        return answer.json() if answer.content else None

"""CPU time and memory of containers, from the engine's streams of statistics.

The engine samples once per second, and a single request waits for the next sample. So each
container has one stream, which stays open.
https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerStats
"""

import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from docker import APIClient
from docker.errors import DockerException
from requests import RequestException

from cdc_perf.stack.usage import Usage

# A stream's first sample comes within two sampling intervals of the engine.
_FIRST_SECONDS = 3.0


class ContainerStats:
    """The last sample of each requested container; the streams end with the process."""

    def __init__(self, client: APIClient) -> None:
        self._client = client
        self._streams: dict[str, _Stream] = {}

    def of(self, ids: Mapping[str, str]) -> dict[str, Usage]:
        """Return the usage of containers; omit those that do not run.

        Args:
            ids: Ids of the containers, by any name.
        """
        for number in ids.values():
            stream = self._streams.get(number)
            if stream is None or stream.ended:
                self._streams[number] = _Stream(self._client, number)
        latest = {name: self._streams[number].latest() for name, number in ids.items()}
        return {name: usage for name, usage in latest.items() if usage is not None}


class _Stream:
    """The statistics of one container, read in a thread."""

    def __init__(self, client: APIClient, number: str) -> None:
        self._client = client
        self._number = number
        self._usage: Usage | None = None
        self._begun = threading.Event()
        self.ended = False
        threading.Thread(target=self._listen, daemon=True).start()

    def latest(self) -> Usage | None:
        """Return the last sample; wait for the first one."""
        self._begun.wait(_FIRST_SECONDS)
        return self._usage

    def _listen(self) -> None:
        with suppress(DockerException, RequestException):
            samples: Iterable[Any] = self._client.stats(self._number, decode=True)
            for sample in samples:
                self._usage = usage_in(sample)
                self._begun.set()
        self._usage, self.ended = None, True
        self._begun.set()


def usage_in(sample: Any) -> Usage | None:  # noqa: ANN401 - the engine's JSON
    """Return the usage in a sample; None if the container does not run.

    Memory excludes the cache of inactive files, which can be reclaimed at once, as in `docker
    stats`. https://docs.docker.com/reference/cli/docker/container/stats/
    """
    memory = sample.get("memory_stats", {})
    if "usage" not in memory:
        return None
    details = memory.get("stats", {})
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    return Usage(
        cpu_seconds=sample["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
        memory=max(0, memory["usage"] - cache),
        at=_seconds(sample["read"]),
    )


def _seconds(text: str) -> float:
    """Return a time from the engine, which has nanoseconds, in seconds since 1970."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")

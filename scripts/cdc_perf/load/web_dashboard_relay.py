"""k6's web dashboard behind a relay that disconnects pages when the load is over.

k6 ends, and writes its summary, only when no page shows the dashboard any more:
https://grafana.com/docs/k6/latest/results-output/web-dashboard/
An open page would hold up the run, so pages connect to this relay, which hangs up.
"""

import selectors
import socket
import socketserver
import threading
from contextlib import suppress

from cdc_perf.ports import free_port

_HOST = "127.0.0.1"
_PIECE = 1 << 16
_CONNECT_SECONDS = 2.0


class WebDashboardRelay:
    """One address for the dashboards of a run's successive k6 processes."""

    def __init__(self) -> None:
        self._relay = _Relay(free_port())
        threading.Thread(target=self._relay.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The address for a browser, while k6 runs."""
        return f"http://{_HOST}:{self._relay.server_address[1]}"

    def begin(self) -> dict[str, str]:
        """Return the variables for the next k6, whose dashboard is now shown."""
        self._relay.target = free_port()
        return {
            "K6_WEB_DASHBOARD": "true",
            "K6_WEB_DASHBOARD_HOST": _HOST,
            "K6_WEB_DASHBOARD_PORT": str(self._relay.target),
        }

    def let_go(self) -> None:
        """Disconnect every page, so that k6 can end."""
        self._relay.target = 0
        self._relay.hang_up()

    def close(self) -> None:
        """End the relay."""
        self.let_go()
        self._relay.shutdown()
        self._relay.server_close()


class _Relay(socketserver.ThreadingTCPServer):
    """Passes bytes between pages and the k6 that listens on `target`; 0: hang up immediately."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__((_HOST, port), _Page)
        self.target = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def passing(self, page: socket.socket) -> None:
        """Pass bytes both ways until either side, or `hang_up`, ends the connection."""
        with (
            suppress(OSError),
            socket.create_connection((_HOST, self.target), timeout=_CONNECT_SECONDS) as k6,
        ):
            with self._lock:
                self._open |= {page, k6}
            try:
                _pass(page, k6)
            finally:
                with self._lock:
                    self._open -= {page, k6}

    def hang_up(self) -> None:
        """End every connection."""
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


class _Page(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Relay)  # noqa: S101 - for the type checker
        if self.server.target:
            self.server.passing(self.request)


def _pass(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                source, target = key.fileobj, key.data
                assert isinstance(source, socket.socket)  # noqa: S101 - for the type checker
                piece = source.recv(_PIECE)
                if not piece:
                    return
                target.sendall(piece)

"""A small HTTP server in its own thread: paths in, responses out."""

from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from cdc_consumer.errors import ConfigurationError
from cdc_consumer.health import HealthResponse

Routes = Mapping[str, Callable[[], HealthResponse]]
REQUEST_SECONDS = 5.0
# How fast it detects a shutdown; the default of 0.5 s is a third of the time to stop.
POLL_SECONDS = 0.1


def start(host: str, port: int, routes: Routes) -> ThreadingHTTPServer:
    """Serve GET requests for `routes` until the process ends.

    Raises:
        ConfigurationError: The server cannot listen on the address.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS

        def do_GET(self) -> None:
            route = routes.get(self.path.partition("?")[0])
            answer = route() if route else HealthResponse(404, "text/plain", b"not found\n")
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Log nothing because probes come every second."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise ConfigurationError(
            f"CDC_HTTP_LISTEN: cannot listen on {host}:{port}: {error.strerror}"
        ) from error
    Thread(target=server.serve_forever, args=(POLL_SECONDS,), name="http", daemon=True).start()
    return server

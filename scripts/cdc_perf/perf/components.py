"""Wait for components that restart after they ended, and for the connectors."""

from cdc_perf.errors import StackFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.backend import Backend
from cdc_perf.stack.connector_health import expect_running, is_connector
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady, wait_until

_DEADLINE_SECONDS = 20.0


def wait_for_components(backend: Backend) -> None:
    """Wait until every component runs: one that died in the last scenario is restarted.

    Raises:
        StackFailure: A component was stopped, or does not restart.
    """

    def probe() -> None:
        statuses = [
            status
            for status in backend.status()
            if not status.observer and not is_connector(status)
        ]
        not_running = {status.name: status.state for status in statuses if not status.running}
        if "stopped" in not_running.values():
            raise StackFailure(
                f"{', '.join(not_running)} stopped", hint=f"{COMMAND} up starts it again"
            )
        if not_running:
            raise NotReady(f"{', '.join(not_running)} not running")

    wait_until(
        probe, what="the stack", deadline_seconds=_DEADLINE_SECONDS, hint=f"see `{COMMAND} status`"
    )


def wait_for_connector(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Wait until the connectors and their tasks run: a load without them measures nothing.

    Raises:
        StackFailure: A task failed, a connector was paused, or it does not start in time.
    """
    wait_until(
        lambda: expect_running(pipeline, endpoints),
        what="the connector",
        deadline_seconds=_DEADLINE_SECONDS,
        hint=f"see `{COMMAND} connector.status`",
    )

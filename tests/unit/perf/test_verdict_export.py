import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from cdc_perf.perf.verdict_export import dashboard_url
from cdc_perf.settings.paths import Checkout

FOLDER = Checkout.here().k6 / "grafana" / "provisioning" / "dashboards"


def test_the_address_of_a_run_names_a_dashboard_and_a_variable_that_there_are() -> None:
    began = datetime(2026, 11, 24, 12, tzinfo=UTC)
    url = urlsplit(dashboard_url("http://127.0.0.1:3000", "20261124T120000Z-0a1b", began))
    dashboard = json.loads((FOLDER / "k6-results.json").read_text(encoding="utf-8"))
    chosen = parse_qs(url.query)
    assert url.netloc == "127.0.0.1:3000"
    assert url.path == f"/d/{dashboard['uid']}"
    assert chosen["var-test_run_id"] == ["20261124T120000Z-0a1b"]
    assert "test_run_id" in {variable["name"] for variable in dashboard["templating"]["list"]}
    assert chosen["from"] == ["1795521600000"]
    assert chosen["to"] == ["now"]

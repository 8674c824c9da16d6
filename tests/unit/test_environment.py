"""The one rule for the environment: what is ignored, what is an input, what needs no proxy."""

import re
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from cdc_perf import environment
from cdc_perf.load.k6 import K6, PrometheusTarget
from cdc_perf.settings.paths import Checkout
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.k6 import build_environment

ROOT = Checkout.here().root
README = (ROOT / "README.md").read_text(encoding="utf-8")
# A few of each program's; the pattern and not this list is the rule.
HOSTILE = (
    *("K6_VUS", "K6_DURATION", "K6_ITERATIONS", "K6_PAUSED", "K6_OUT", "K6_CONFIG", "K6_NO_SETUP"),
    *("PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS", "PGSSLMODE", "PGSERVICE", "PGDATA"),
    *("PGSERVICEFILE", "PGAPPNAME", "PGTZ", "PGCONNECT_TIMEOUT", "PGCLIENTENCODING", "PG_COLOR"),
    *("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "KAFKA_HEAP_OPTS"),
    *("KAFKA_OPTS", "KAFKA_JVM_OPTS", "CONNECT_BOOTSTRAP_SERVERS", "CONNECT_JVM_OPTS"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONMALLOC"),
    *("PYTHON_GIL", "PYTHON_JIT", "PYTHONSTARTUP", "SUPERVISOR_SERVER_URL"),
    *("GOFLAGS", "GOOS", "GOARCH", "GOROOT", "GOMAXPROCS", "GOGC", "GODEBUG", "GOENV", "GOWORK"),
    *("GOMEMLIMIT", "GOEXPERIMENT", "CGO_ENABLED", "CGO_CFLAGS"),
    *("MONGO_URL", "MONGODB_URI", "PROMETHEUS_URL", "LD_PRELOAD", "MALLOC_ARENA_MAX"),
    *("COMPOSE_PROJECT_NAME", "COMPOSE_PROGRESS", "DOCKER_DEFAULT_PLATFORM", "BUILDX_BUILDER"),
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_TRACE", "GIT_TRACE_PACKET"),
)
OTHERS = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TERM", "USER", "XDG_RUNTIME_DIR", "CI"),
    *("CDC_POSTGRES_DSN", "CDC_PERF_CACHE", "RESULTS_DIR", "GITHUB_TOKEN", "RUNNER_TEMP", "NEEDS"),
    *("PIP_INDEX_URL", "UV_INDEX_URL", "UV_CACHE_DIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
    *("http_proxy", "HTTPS_PROXY", "ALL_PROXY", "OTEL_EXPORTER_OTLP_ENDPOINT", "QUAY"),
    *("GOOGLE_APPLICATION_CREDENTIALS", "GOLANG_VERSION", "PYTHON_VERSION", "PYTHON_TAG"),
    *("PGPASSWORD", "PGPASSFILE", "GOPROXY", "GOPRIVATE", "SSH_AUTH_SOCK", "LD_LIBRARY_PATH"),
    *("GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "GIT_AUTHOR_NAME", "NOX_DEFAULT_VENV_BACKEND"),
    *("VIRTUAL_ENV", "NO_COLOR", "K6", "PAGER", "POSTGRES_USER", "DOCKER_HOST", "COMPOSE_FILE"),
)


@pytest.mark.parametrize("name", HOSTILE)
def test_settings_of_programs_are_ignored_and_named(name: str) -> None:
    shell = {name: "x", "PATH": "/bin"}
    assert environment.ignored(shell) == (name,)
    assert name not in environment.passed_on(shell)
    assert environment.adopt(shell) == (name,)
    assert name not in shell
    assert environment.adopt(shell) == ()


@pytest.mark.parametrize("name", OTHERS)
def test_everything_else_is_passed_on_as_it_is(name: str) -> None:
    assert environment.ignored({name: "x"}) == ()
    assert environment.passed_on({name: "x"})[name] == "x"


@given(st.dictionaries(st.sampled_from((*HOSTILE, *OTHERS)) | st.text(min_size=1), st.text()))
def test_what_is_passed_on_and_what_is_ignored_is_everything(shell: dict[str, str]) -> None:
    passed = environment.passed_on(shell)
    assert {*passed, *environment.ignored(shell)} == {*shell, "no_proxy", "NO_PROXY"}
    own = dict(shell)
    assert environment.adopt(own) == environment.ignored(shell)
    # A child of ours and we ourselves read the same.
    assert own == passed == environment.passed_on(own)


@given(st.sampled_from(HOSTILE), st.text("ABCXYZ_0189", max_size=12))
def test_a_variable_that_k6_may_learn_one_day_is_ignored_too(name: str, more: str) -> None:
    if name.startswith("K6_"):
        assert environment.ignored({name + more: ""}) == (name + more,)


def test_every_input_is_documented() -> None:
    settings = README.partition("## Settings")[2].partition("\n## ")[0]
    docker = (ROOT / "docs" / "docker.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Za-z0-9_]+)`", settings + docker))
    assert environment.INPUTS - named == set()


def test_what_the_harness_sets_for_a_child_is_never_left_to_the_shell() -> None:
    """A child gets what is set for it: the rule is for what was inherited."""
    ours = {
        **K6(Path("k6"), push_to=PrometheusTarget("http://127.0.0.1:9090", "r1")).variables,
        "GOFLAGS": "-trimpath",
    }
    owned = {name for name in ours if name.startswith(("K6_", "GOFLAGS"))}
    assert set(environment.ignored(ours)) == owned


@pytest.mark.parametrize("proxy", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("address", ["http://proxy.test:3128", "socks5://proxy.test:1080"])
@pytest.mark.parametrize(
    "given",
    [{}, {"no_proxy": "corp.test"}, {"NO_PROXY": "corp.test"}, {"no_proxy": "", "NO_PROXY": ","}],
)
def test_no_local_address_goes_through_a_proxy(
    proxy: str, address: str, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.passed_on({proxy: address, **given}).items():
        monkeypatch.setenv(name, value)
    for host in ("localhost", "127.0.0.1", "127.8.9.1", "[::1]"):
        assert requests.utils.get_environ_proxies(f"http://{host}:8083/connectors") == {}, host
    for host in ("connect.test", "10.0.0.1", "128.0.0.1", "localhost.test"):
        assert address in requests.utils.get_environ_proxies(f"http://{host}:8083").values(), host
    if "corp.test" in given.values():
        assert requests.utils.get_environ_proxies("http://connect.corp.test:8083") == {}


@pytest.mark.parametrize("given", ["*", "*,corp.test", " * "])
def test_a_user_who_wants_no_proxy_at_all_gets_none(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.passed_on(
        {"http_proxy": "http://proxy.test", "no_proxy": given}
    ).items():
        monkeypatch.setenv(name, value)
    assert requests.utils.get_environ_proxies("http://connect.test:8083") == {}


def test_a_build_of_k6_takes_nothing_from_the_shell_but_where_to_download(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shell = {
        "GOFLAGS": "-race",
        "GOOS": "windows",
        "CGO_ENABLED": "1",
        "GOPROXY": "https://go.test",
    }
    built = {**environment.passed_on(shell), **build_environment(Cache(tmp_path))}
    assert "GOOS" not in built
    assert built["CGO_ENABLED"] == "0"
    assert built["GOPROXY"] == "https://go.test"
    assert "-race" not in built["GOFLAGS"]

"""Which environment variables a command passes on, and which it ignores.

The programs that the harness runs read settings from the environment: K6_VUS replaces the load,
PGOPTIONS changes every session, JAVA_TOOL_OPTIONS loads agents. Then a run would measure something
other than it reports. So the harness ignores all variables of these programs, except the documented
inputs (README, Settings), and reports which. `docs/decisions/0026-environment.md` has the reasons.
"""

import re
from collections.abc import Mapping, MutableMapping

# By program: a pattern for the full names of its variables.
_SETTINGS_OF_PROGRAMS: Mapping[str, str] = {
    "k6": r"K6_\w+",
    # libpq, the server, and its tools. PG_MAJOR and similar variables describe an image.
    # https://www.postgresql.org/docs/current/libpq-envars.html
    "PostgreSQL": r"PG[A-Z]\w*|PG_COLORS?",
    "Java": r"JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|JAVA_OPTS|JAVA_OPTIONS|CLASSPATH",
    "Kafka": r"(KAFKA|CONNECT)_\w+|JMX_AGENT",
    "MongoDB": r"MONGO(DB)?_\w+",
    # PYTHON_VERSION and similar variables describe an image.
    # https://docs.python.org/3/using/cmdline.html#environment-variables
    "Python": r"PYTHON[A-Z]\w*|SUPERVISOR_\w+|PYTHON_(GIL|JIT|CPU_COUNT|FROZEN_MODULES"
    r"|CONTEXT_AWARE_WARNINGS|THREAD_INHERIT_CONTEXT|PERF_JIT_SUPPORT|COLORS|BASIC_REPL|HISTORY)",
    # Go's own names have no underscore either; GOOGLE_... is not Go's.
    # https://pkg.go.dev/cmd/go#hdr-Environment_variables
    "Go": r"GO[A-Z0-9]+|CGO_\w+|GO_EXTLINK_ENABLED|GCCGO\w*",
    "Prometheus": r"PROMETHEUS_\w+",
    "Compose": r"COMPOSE_\w+",
    "Docker": r"DOCKER_\w+|BUILDKIT_\w+|BUILDX_\w+",
    # Git sets these for its hooks; they would make it use another repository.
    "git": r"GIT_(DIR|WORK_TREE|INDEX_FILE|INDEX_VERSION|OBJECT_DIRECTORY|COMMON_DIR|NAMESPACE"
    r"|ALTERNATE_OBJECT_DIRECTORIES|SHALLOW_FILE|GRAFT_FILE|REPLACE_REF_BASE|PREFIX|EXTERNAL_DIFF"
    r"|QUARANTINE_PATH|TRACE\w*|CURL_VERBOSE|REDIRECT_\w+)",
    # Code in every process, and another allocator: both change the measurement.
    "the dynamic linker": r"LD_PRELOAD|LD_AUDIT|LD_DEBUG\w*|LD_PROFILE\w*|LD_BIND_NOW"
    r"|GLIBC_TUNABLES|MALLOC_\w+",
}
_IGNORED = re.compile("|".join(_SETTINGS_OF_PROGRAMS.values()))
# Of these, the documented inputs; README, Settings, lists them.
INPUTS = frozenset(
    {
        *("PGPASSWORD", "PGPASSFILE"),
        # How modules are downloaded. The harness itself decides what is built.
        *("GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOAUTH"),
        *("GOVCS", "GOTMPDIR"),
        # Common in a profile, and without effect because the harness overrides them.
        *("GOPATH", "GOBIN", "GOCACHE", "GOMODCACHE", "GOTOOLCHAIN"),
        # Not settings, but when and where Python writes.
        *("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
        *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY"),
        *("DOCKER_CERT_PATH", "DOCKER_API_VERSION", "DOCKER_AUTH_CONFIG", "DOCKER_HUB"),
        *("COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR", "COMPOSE_PROFILES", "COMPOSE_ENV_FILES"),
        "COMPOSE_DISABLE_ENV_FILE",
        # Used by docker-compose.yml.
        *("POSTGRES_TAG", "KAFKA_TAG", "DEBEZIUM_TAG", "MONGODB_TAG", "PROMETHEUS_TAG"),
        *("GRAFANA_TAG", "PYTHON_TAG", "OTEL_TAG"),
        *("POSTGRES_PORT", "KAFKA_PORT", "CONNECT_PORT", "MONGODB_PORT", "CONSUMER_PORT"),
        *("PROMETHEUS_PORT", "GRAFANA_PORT"),
    }
)

# Requests, uv, and Go compare addresses with networks, and names with their subdomains.
_LOCAL = ("localhost", "127.0.0.0/8", "127.0.0.1", "::1", "[::1]", "0.0.0.0")  # noqa: S104 - not a bind address
_EVERYTHING = "*"
_NO_PROXY = ("no_proxy", "NO_PROXY")


def ignored(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the variables that are not passed on, sorted."""
    return tuple(
        sorted(name for name in environment if _IGNORED.fullmatch(name) and name not in INPUTS)
    )


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a child process, before additions for that process."""
    left_out = frozenset(ignored(environment))
    kept = {name: value for name, value in environment.items() if name not in left_out}
    return {**kept, **_direct(environment)}


def adopt(environment: MutableMapping[str, str]) -> tuple[str, ...]:
    """Apply the rule to this process's environment; return the names of the removed variables.

    The libraries in this process (libpq, requests) read the same variables as the programs.
    """
    names = ignored(environment)
    for name in names:
        del environment[name]
    environment.update(_direct(environment))
    return names


def _direct(environment: Mapping[str, str]) -> dict[str, str]:
    """Return variables that exclude local addresses from proxies.

    Both spellings have the same value because programs differ in which one they read first.
    """
    given = [
        entry.strip()
        for name in _NO_PROXY
        for entry in environment.get(name, "").split(",")
        if entry.strip()
    ]
    # It counts only if it is alone.
    entries = (_EVERYTHING,) if _EVERYTHING in given else dict.fromkeys((*given, *_LOCAL))
    return dict.fromkeys(_NO_PROXY, ",".join(entries))

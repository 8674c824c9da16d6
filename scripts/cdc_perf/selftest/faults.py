"""All faults that `inv selftest` injects."""

from cdc_perf.errors import ExitCode, UsageFailure
from cdc_perf.selftest import connector, processes, records, resurrection, rows
from cdc_perf.selftest.fault import LIMITS, Edit, Expected, Fault
from cdc_perf.settings.names import nearest

_MOST_KEPT = 32 * 1024 * 1024
# How long an event then waits in Debezium's queue depends on how the two polling loops are out of
# step, from 0 to 500 ms. A change waits half of the interval, on average, until it is read.
_HOP = {"hop_source_to_debezium": {"p50": 100.0}}
_READS = {"mongo_read_duration": {"p95": 1000.0}}
# The leak must have an effect during the load.
_LEAKING = "30s"
_MEMORY = {
    "memory_consumer": {"max": 128.0 * 1024 * 1024},
    "heap_live_kafka": {"max": 72.0 * 1024 * 1024},
    "heap_live_connect": {"max": 64.0 * 1024 * 1024},
}
# Enough for p95 before and after.
_RECOVERING = "25s"
_KILL = ("--fault", "kill:connect@8s")
_SLOT = {"slot_retained_bytes": {"max": float(_MOST_KEPT)}}

FAULTS = (
    Fault(
        "clean",
        "nothing",
        Expected(ExitCode.PASS),
        limits={**LIMITS, **_SLOT, **_HOP, **_READS, **_MEMORY},
    ),
    Fault(
        "lost-event",
        "The consumer is stopped, its group's offsets are moved past the events of that time, and "
        "it is restarted",
        Expected(ExitCode.FAIL, "rows", "missing in the sink"),
        inject=records.skipped,
    ),
    Fault(
        "duplicate",
        "An identical copy of an event is produced to its topic",
        Expected(ExitCode.FAIL, "events", "in the topic more than once"),
        inject=records.repeated,
    ),
    Fault(
        "reordered",
        "A change of a row is produced that is older than the one in the topic",
        Expected(ExitCode.FAIL, "events", "after a later change of the same row"),
        inject=records.late,
    ),
    Fault(
        "changed-content",
        "A client of MongoDB writes another status into a document",
        Expected(ExitCode.FAIL, "rows", "document differs from its row"),
        inject=rows.changed,
    ),
    Fault(
        "resurrected-delete",
        "A row is deleted, its delete marker is removed from MongoDB, and its insert is replayed",
        Expected(ExitCode.FAIL, "rows", "row was deleted"),
        inject=resurrection.resurrected,
    ),
    Fault(
        "poison-message",
        "A record that is not JSON is produced to a topic",
        Expected(ExitCode.FAIL, "dead_letters", "sent to the dead-letter queue"),
        inject=records.poison,
    ),
    Fault(
        "slow-hop",
        "Debezium's `poll.interval.ms` is set to its default of 500 through Connect's REST "
        "interface; the hop to Debezium has a threshold",
        Expected(ExitCode.FAIL, "hop_source_to_debezium p50", "the threshold is 100 ms"),
        limits={**LIMITS, **_HOP},
        inject=connector.slow_poll,
    ),
    Fault(
        "consumer-frozen",
        "The consumer gets SIGSTOP: its process exists but does nothing",
        Expected(ExitCode.FAIL, "drained", "the pipeline did not drain"),
        inject=processes.frozen("consumer"),
    ),
    Fault(
        "consumer-stopped",
        "The consumer is stopped by supervisord, as an operator does",
        Expected(ExitCode.INVALID, "components", "at an operator's request"),
        inject=processes.stopped_consumer,
    ),
    Fault(
        "connector-paused",
        "The connector is paused through Connect's REST interface",
        Expected(ExitCode.FAIL, "drained", "the pipeline did not drain"),
        inject=connector.paused,
    ),
    Fault(
        "failed-task",
        "A row that is larger than the connector's producer may send is written",
        Expected(ExitCode.FAIL, "connector", "RecordTooLargeException"),
        inject=connector.failed_task,
    ),
    Fault(
        "slot-left-behind",
        "A transaction that has written 64 MiB stays open, so the slot must retain the log; the "
        "retained bytes have a threshold",
        Expected(ExitCode.FAIL, "slot_retained_bytes max", "the threshold is 32 MiB"),
        limits={**LIMITS, **_SLOT},
        inject=rows.forgotten_transaction,
    ),
    Fault(
        "dropped-iterations",
        "300 iterations per second are requested from one virtual user",
        Expected(ExitCode.INVALID, "dropped_iterations", "could not begin"),
        scenario="e2e-latency",
        load={"rate": 300, "preAllocatedVUs": 1, "maxVUs": 1},
    ),
    Fault(
        "starved-generator",
        "k6 is stopped and continued (SIGSTOP, SIGCONT): it runs for a third of the time",
        Expected(ExitCode.INVALID, "generator_delay", "the load generator was starved"),
        inject=processes.starved_k6,
    ),
    Fault(
        "missing-metric",
        "The load script does not record `mongo_read_duration`, which has a threshold",
        Expected(ExitCode.NO_DATA, "mongo_read_duration p95", "has no samples"),
        limits={**LIMITS, **_READS},
        edits=(Edit("k6/scripts/lib/pipeline.js", "    readDuration.add(now() - began);\n", ""),),
    ),
    Fault(
        "truncated-points",
        "k6's files cannot exceed 16 KiB (RLIMIT_FSIZE), as on a full disk",
        Expected(ExitCode.INVALID, "points", "points.json.gz"),
        inject=processes.limited_files,
    ),
    Fault(
        "leak-consumer",
        "The consumer keeps 4 MB of each batch; its memory has a threshold",
        Expected(ExitCode.FAIL, "memory_consumer max", "the threshold is 128 MiB"),
        duration=_LEAKING,
        limits={**LIMITS, **_MEMORY},
        edits=(
            Edit(
                "src/cdc_consumer/loop.py",
                "        self._keep([first], messages, records)\n",
                "        self._keep([first], messages, records)\n"
                '        self.__dict__.setdefault("leak", []).append(b"x" * 4_000_000)\n',
            ),
        ),
    ),
    Fault(
        "leak-kafka",
        "100 MB of offset metadata are committed to the broker; its live heap has a threshold",
        Expected(ExitCode.FAIL, "heap_live_kafka max", "the threshold is 72 MiB"),
        duration=_LEAKING,
        limits={**LIMITS, **_MEMORY},
        inject=records.leaking_kafka,
    ),
    Fault(
        "leak-connect",
        "80 MB of offsets are stored in the Connect worker; its live heap has a threshold",
        Expected(ExitCode.FAIL, "heap_live_connect max", "the threshold is 64 MiB"),
        duration=_LEAKING,
        limits={**LIMITS, **_MEMORY},
        inject=records.leaking_connect,
    ),
    Fault(
        "consumer-not-back",
        "The run kills the consumer, which does nothing after its restart",
        Expected(ExitCode.FAIL, "drained", "the pipeline did not drain"),
        duration=_RECOVERING,
        edits=(
            Edit(
                "src/cdc_consumer/__main__.py",
                "    stopping = Stopping()\n",
                "    stopping = Stopping()\n"
                "    import pathlib, time\n"
                '    started = pathlib.Path("consumer-started")\n'
                "    if started.exists():\n"
                "        time.sleep(3600)\n"
                "    started.touch()\n",
            ),
        ),
        options=("--fault", "kill:consumer@8s"),
    ),
    Fault(
        "slot-dropped",
        "The run drops the replication slot under load",
        Expected(ExitCode.FAIL, "rows", "missing in the sink"),
        duration=_RECOVERING,
        options=("--fault", "slot:dropped@8s"),
    ),
    Fault(
        "fault-not-injected",
        "The run is to kill Kafka Connect, but sends no signal",
        Expected(ExitCode.INVALID, "faults", "did not happen as ordered"),
        duration=_RECOVERING,
        edits=(
            Edit(
                "scripts/cdc_perf/stack/local/control.py",
                "                process.kill()\n",
                "                process.resume()\n",
            ),
        ),
        options=_KILL,
    ),
    Fault(
        "late-recovery",
        "The run kills Kafka Connect, and the threshold of the outage is 0.1 s",
        Expected(
            ExitCode.FAIL, "outage_seconds{fault:kill:connect} value", "the threshold is 0.1 s"
        ),
        duration=_RECOVERING,
        options=_KILL,
        recovery={"faults": {"kill:connect": {"outage_seconds": 0.1}}},
    ),
    Fault(
        "tightened-threshold",
        "The threshold of the median latency is 0.001 ms",
        Expected(ExitCode.FAIL, "cdc_e2e_latency p50", "the threshold is 0.001 ms"),
        limits={**LIMITS, "cdc_e2e_latency": {"p50": 0.001}},
    ),
)


def select(names: str) -> tuple[Fault, ...]:
    """Return the faults of a list such as `duplicate,poison-message`, or all if it is empty.

    Raises:
        UsageFailure: A fault is unknown.
    """
    known = {fault.name: fault for fault in FAULTS}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise UsageFailure(f"--only: unknown fault {name!r}; {nearest(name, known)}")
    return tuple(known[name] for name in dict.fromkeys(wanted)) or FAULTS

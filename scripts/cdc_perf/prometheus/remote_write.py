"""Encode samples for Prometheus remote write 1.0. Imported only if something is pushed.

https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

from collections.abc import Iterable
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from cdc_perf.prometheus.sample import Sample

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "prometheus"
# Message -> field -> (number, type, repeated), limited to the needs of plain samples.
_MESSAGES: dict[str, dict[str, tuple[int, Any, bool]]] = {
    "Label": {"name": (1, _Field.TYPE_STRING, False), "value": (2, _Field.TYPE_STRING, False)},
    "Sample": {"value": (1, _Field.TYPE_DOUBLE, False), "timestamp": (2, _Field.TYPE_INT64, False)},
    "TimeSeries": {"labels": (1, "Label", True), "samples": (2, "Sample", True)},
    "WriteRequest": {"timeseries": (1, "TimeSeries", True)},
}


def encode(samples: Iterable[Sample]) -> bytes:
    """Return the body of a request with the headers `HEADERS`."""
    request = _WRITE_REQUEST()
    for sample in samples:
        series = request.timeseries.add()
        # Labels must be sorted; an empty label is the same as none.
        labels = {**sample.labels, "__name__": sample.name}
        for name in sorted(name for name, value in labels.items() if value):
            series.labels.add(name=name, value=labels[name])
        series.samples.add(value=sample.value, timestamp=round(sample.at.timestamp() * 1000))
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def _write_request() -> Any:  # noqa: ANN401 - a class made at run time
    """Build the message class from the table above, without a compiler or generated code."""
    file = descriptor_pb2.FileDescriptorProto(
        name="cdc_perf/remote_write.proto", package=_PACKAGE, syntax="proto3"
    )
    for message, fields in _MESSAGES.items():
        made = file.message_type.add(name=message)
        for name, (number, kind, repeated) in fields.items():
            field = made.field.add(name=name, number=number)
            field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            if isinstance(kind, str):
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                field.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.WriteRequest"))


_WRITE_REQUEST = _write_request()

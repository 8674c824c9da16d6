"""Buckets of histograms that can be added up: those of OpenTelemetry's exponential histogram.

At scale 5 bucket i holds the values v with base^i < v <= base^(i+1), where base = 2^(1/32): bounds
2.2 % apart, the same in every histogram, so that counts of different seconds, files and runs add
up, and a percentile of the sum is known to 1.1 %.
https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
"""

_SCALE = 5
_BUCKETS_PER_DOUBLING = 2**_SCALE

# The bucket of a column `value`; NULL where it is not above zero, which no bucket holds.
BUCKET_SQL = (
    f"CASE WHEN value > 0 THEN ceil(log2(value) * {_BUCKETS_PER_DOUBLING})::INTEGER - 1 END"
)


def bounds(bucket: int) -> tuple[float, float]:
    """Return the lower bound, excluded, and the upper bound, included, of a bucket."""
    return (
        2.0 ** (bucket / _BUCKETS_PER_DOUBLING),
        2.0 ** ((bucket + 1) / _BUCKETS_PER_DOUBLING),
    )

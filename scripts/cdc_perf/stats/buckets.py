"""Buckets of histograms that can be summed: those of OpenTelemetry's exponential histogram.

At scale 5, bucket i holds the values v with base^i < v <= base^(i+1), where base = 2^(1/32). The
bounds are 2.2% apart and the same in every histogram, so counts of different seconds, files, and
runs can be summed, and a percentile of the sum is accurate to 1.1%.
https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
"""

_SCALE = 5
BUCKETS_PER_DOUBLING = 2**_SCALE

# The bucket of a column `value`; NULL for values of 0 or less, which have no bucket.
BUCKET_SQL = f"CASE WHEN value > 0 THEN ceil(log2(value) * {BUCKETS_PER_DOUBLING})::INTEGER - 1 END"


def bounds(bucket: int) -> tuple[float, float]:
    """Return the lower bound (exclusive) and the upper bound (inclusive) of a bucket."""
    return (
        2.0 ** (bucket / BUCKETS_PER_DOUBLING),
        2.0 ** ((bucket + 1) / BUCKETS_PER_DOUBLING),
    )

"""What Debezium 3.7 sends for infinite dates and timestamps, as measured.

The values in milliseconds are `DATE_POSITIVE_INFINITY` and `DATE_NEGATIVE_INFINITY` of pgjdbc's
`PGStatement`.
"""

INFINITE_DAYS = {"infinity": 2146033979, "-infinity": -2147472691}
INFINITE_MICROSECONDS = {"infinity": 2**63 - 1, "-infinity": -(2**63)}
INFINITE_MILLISECONDS = {"infinity": 9223372036825200000, "-infinity": -9223372036832400000}

"""The addresses of no stack."""

from cdc_perf.stack.endpoints import Endpoints

NO_ADDRESSES = Endpoints(
    stack="local",
    postgres_dsn="",
    kafka_bootstrap="",
    connect_url="",
    connector="",
    mongodb_uri="",
    mongodb_database="",
    consumer_url="",
)

"""cdc-consumer: applies Debezium's change events from Kafka to MongoDB.

Delivery is at least once, and every write is guarded by the event's LSN, so the effect on MongoDB
is exactly once. Run it as `python -m cdc_consumer PIPELINE_TOML`.
"""

"""The sinks in which a pipeline's changes arrive: MongoDB, PostgreSQL, Kafka."""

"""Rows that benchmarks write by the thousand."""

# A UUID and an email address each; the argument is the number of rows.
INSERT = (
    "INSERT INTO customer (id, email) "
    "SELECT id, id || '@example.test' FROM (SELECT gen_random_uuid() AS id "
    "FROM generate_series(1, %s)) AS made"
)

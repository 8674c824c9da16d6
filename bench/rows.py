"""Rows that a bench writes by the thousand."""

# A uuid and an address of mail each; the argument is how many.
INSERT = (
    "INSERT INTO customer (id, email) "
    "SELECT id, id || '@example.test' FROM (SELECT gen_random_uuid() AS id "
    "FROM generate_series(1, %s)) AS made"
)

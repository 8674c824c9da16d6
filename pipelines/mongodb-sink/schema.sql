-- The tables of the sample, with another replica identity. Applied by `inv up`; every statement can be run again.
--
-- FULL: the sink connector does not know Debezium's placeholder for a TOASTed value that an update did not
-- change, and would write it into the sink. With the old row in the WAL, Debezium sends the value itself.

CREATE TABLE IF NOT EXISTS customer (
    id         uuid PRIMARY KEY,
    email      text NOT NULL,
    status     text NOT NULL DEFAULT 'active',
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS address (
    id          uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    street      text NOT NULL,
    city        text NOT NULL,
    postal_code text NOT NULL,
    country     text NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS orders (
    id          uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    status      text NOT NULL DEFAULT 'open',
    note        text,
    total       numeric(12, 2) NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS order_item (
    id         uuid PRIMARY KEY,
    order_id   uuid NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    product    text NOT NULL,
    quantity   integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL CHECK (unit_price >= 0),
    line_total numeric(12, 2) GENERATED ALWAYS AS (quantity * unit_price) STORED,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Foreign keys are followed on every cascading delete.
CREATE INDEX IF NOT EXISTS address_customer_id ON address (customer_id);
CREATE INDEX IF NOT EXISTS orders_customer_id ON orders (customer_id);
CREATE INDEX IF NOT EXISTS order_item_order_id ON order_item (order_id);

CREATE OR REPLACE FUNCTION order_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op <> 'INSERT' THEN
        UPDATE orders SET total = total - old.line_total, updated_at = clock_timestamp() WHERE id = old.order_id;
    END IF;
    IF tg_op <> 'DELETE' THEN
        UPDATE orders SET total = total + new.line_total, updated_at = clock_timestamp() WHERE id = new.order_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER order_item_total
    AFTER INSERT OR DELETE OR UPDATE OF order_id, quantity, unit_price ON order_item
    FOR EACH ROW EXECUTE FUNCTION order_total();

ALTER TABLE customer REPLICA IDENTITY FULL;
ALTER TABLE address REPLICA IDENTITY FULL;
ALTER TABLE orders REPLICA IDENTITY FULL;
ALTER TABLE order_item REPLICA IDENTITY FULL;

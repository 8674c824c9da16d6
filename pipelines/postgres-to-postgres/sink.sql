-- The sink's tables. Every statement can be run again.
--
-- No foreign keys: the topics of two tables are applied independently, so an order may arrive before its
-- customer. No generated columns and no triggers: the values come from the source.

CREATE TABLE IF NOT EXISTS customer (
    id         uuid PRIMARY KEY,
    email      text NOT NULL,
    status     text NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS address (
    id          uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    street      text NOT NULL,
    city        text NOT NULL,
    postal_code text NOT NULL,
    country     text NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS orders (
    id          uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    status      text NOT NULL,
    note        text,
    total       numeric(12, 2) NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS order_item (
    id         uuid PRIMARY KEY,
    order_id   uuid NOT NULL,
    product    text NOT NULL,
    quantity   integer NOT NULL,
    unit_price numeric(10, 2) NOT NULL,
    line_total numeric(12, 2),
    updated_at timestamptz NOT NULL
);

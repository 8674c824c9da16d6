-- The tables of a shop, in a schema of their own.
CREATE SCHEMA shop;

CREATE TABLE shop.products (
    sku text PRIMARY KEY,
    name text,
    price numeric(12, 2),
    tags text[],
    attrs jsonb,
    updated_at timestamptz
);

CREATE TABLE shop.orders (
    tenant_id int,
    order_no bigint,
    sku text REFERENCES shop.products,
    qty int CHECK (qty > 0),
    state text CHECK (state IN ('new', 'paid', 'shipped')),
    note text,
    PRIMARY KEY (tenant_id, order_no)
);

CREATE TABLE shop.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz DEFAULT now(),
    payload jsonb
);

-- The tables of Debezium's tutorial.
CREATE EXTENSION postgis;
CREATE SCHEMA inventory;
SET search_path TO inventory, public;

CREATE TABLE products (
    id SERIAL NOT NULL PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    description VARCHAR(512),
    weight FLOAT
);
ALTER SEQUENCE products_id_seq RESTART WITH 101;
ALTER TABLE products REPLICA IDENTITY FULL;
INSERT INTO products
VALUES (default, 'scooter', 'Small 2-wheel scooter', 3.14),
    (default, 'car battery', '12V car battery', 8.1);

CREATE TABLE products_on_hand (
    product_id INTEGER NOT NULL PRIMARY KEY,
    quantity INTEGER NOT NULL,
    FOREIGN KEY (product_id) REFERENCES products(id)
);
ALTER TABLE products_on_hand REPLICA IDENTITY FULL;
INSERT INTO products_on_hand VALUES (101, 3), (102, 8);

CREATE TABLE customers (
    id SERIAL NOT NULL PRIMARY KEY,
    first_name VARCHAR(255) NOT NULL,
    last_name VARCHAR(255) NOT NULL,
    email VARCHAR(255) NOT NULL UNIQUE
);
ALTER SEQUENCE customers_id_seq RESTART WITH 1001;
ALTER TABLE customers REPLICA IDENTITY FULL;
INSERT INTO customers VALUES (default, 'Sally', 'Thomas', 'sally.thomas@acme.example');

CREATE TABLE orders (
    id SERIAL NOT NULL PRIMARY KEY,
    order_date DATE NOT NULL,
    purchaser INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    FOREIGN KEY (purchaser) REFERENCES customers(id),
    FOREIGN KEY (product_id) REFERENCES products(id)
);
ALTER SEQUENCE orders_id_seq RESTART WITH 10001;
ALTER TABLE orders REPLICA IDENTITY FULL;
INSERT INTO orders VALUES (default, '2016-01-16', 1001, 1, 102);

CREATE TABLE geom (
    id SERIAL NOT NULL PRIMARY KEY,
    g GEOMETRY NOT NULL,
    h GEOMETRY
);

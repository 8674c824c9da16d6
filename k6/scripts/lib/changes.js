// The changes of the scenarios: SQL, and the row to expect in the sink, by the source's columns. Rows are small, about
// a hundred bytes, so that the pipeline is measured and not the size of its payload. Each statement names the row that
// it writes, for the ledger of acknowledged writes. A change has the operation (`op`) and the table of the row that it
// waits for.

/** The tables whose rows the scenarios wait for. */
export const TABLES = ['public.customer', 'public.address', 'public.orders'];

const written = (op, table, key) => ({ op, table: `public.${table}`, key });

/** A new customer; `id` is its key. */
export function createCustomer() {
  const id = crypto.randomUUID();
  const email = `${id}@example.test`;
  return {
    operation: 'create',
    op: 'c',
    statements: [
      {
        sql: "INSERT INTO public.customer (id, email, status) VALUES ($1, $2, 'active')",
        args: [id, email],
        row: written('c', 'customer', id),
      },
    ],
    inserted: 1,
    table: 'public.customer',
    id,
    fields: { email, status: 'active' },
  };
}

/** A new status of a customer; different each time, so that an older state cannot match. */
export function updateCustomer(id) {
  const status = `s-${crypto.randomUUID().slice(0, 8)}`;
  return {
    operation: 'update',
    op: 'u',
    statements: [
      {
        sql: 'UPDATE public.customer SET status = $2, updated_at = clock_timestamp() WHERE id = $1',
        args: [id, status],
        row: written('u', 'customer', id),
      },
    ],
    inserted: 0,
    table: 'public.customer',
    id,
    fields: { status },
  };
}

/** Deletes a customer with its addresses and orders. The row must have been seen before: absent is deleted. */
export function deleteCustomer(id) {
  return {
    operation: 'delete',
    op: 'd',
    statements: [{ sql: 'DELETE FROM public.customer WHERE id = $1', args: [id], row: written('d', 'customer', id) }],
    inserted: 0,
    table: 'public.customer',
    id,
    deleted: true,
  };
}

/** A new address of a customer. */
export function addAddress(customer) {
  const id = crypto.randomUUID();
  const street = `${id.slice(0, 4)} Main Street`;
  return {
    operation: 'address',
    op: 'c',
    statements: [
      {
        sql: "INSERT INTO public.address (id, customer_id, street, city, postal_code, country) VALUES ($1, $2, $3, 'Bern', '3000', 'CH')",
        args: [id, customer, street],
        row: written('c', 'address', id),
      },
    ],
    inserted: 1,
    table: 'public.address',
    id,
    fields: { customer_id: customer, street },
  };
}

const decimal = (cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;

/** An order of two items in one transaction; its row must reach the total that triggers compute. */
export function placeOrder(customer) {
  const id = crypto.randomUUID();
  const items = [1, 2].map(() => ({
    id: crypto.randomUUID(),
    quantity: 1 + Math.floor(Math.random() * 5),
    cents: 100 + Math.floor(Math.random() * 9900),
  }));
  const total = items.reduce((sum, item) => sum + item.quantity * item.cents, 0);
  return {
    operation: 'order',
    op: 'c',
    statements: [
      {
        sql: 'INSERT INTO public.orders (id, customer_id) VALUES ($1, $2)',
        args: [id, customer],
        row: written('c', 'orders', id),
      },
      ...items.map((item, index) => ({
        sql: 'INSERT INTO public.order_item (id, order_id, product, quantity, unit_price) VALUES ($1, $2, $3, $4, $5)',
        args: [item.id, id, `product-${index + 1}`, item.quantity, decimal(item.cents)],
        row: written('c', 'order_item', item.id),
      })),
    ],
    inserted: 1 + items.length,
    table: 'public.orders',
    id,
    fields: { customer_id: customer, total: decimal(total) },
  };
}

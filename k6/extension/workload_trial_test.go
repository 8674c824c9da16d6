package extension

import (
	"strings"
	"testing"
)

func TestATrialOnAServer(t *testing.T) {
	server := startPostgres(t)
	const quantity = `{"kind": "range", "min": "1", "max": "5", "of": "integer"}`
	const zero = `{"kind": "sql", "sql": "0"}`
	tests := map[string]struct {
		plan       string
		statements []string
		// want are the beginnings of the faults.
		want []string
	}{
		"a load that PostgreSQL accepts": {plan: shopPlan},
		"a generator that breaks a constraint": {
			plan: changed(t, shopPlan, quantity, zero),
			want: []string{`insert of shop.orders: new row for relation "orders" violates check constraint "orders_qty_check": Failing row contains`},
		},
		"a parent that is refused": {
			// Neither its children nor other changes are made: one fault says it.
			plan: changed(t, shopPlan, `{"kind": "unique", "of": "text", "bytes": 16}`, `{"kind": "sql", "sql": "NULL"}`),
			want: []string{`insert of shop.products: null value in column "sku" of relation "products" violates not-null constraint`},
		},
		"values that are not unique": {
			plan: changed(t, shopPlan, `{"kind": "unique", "of": "text", "bytes": 16}`, `{"kind": "choice", "values": ["a", "b"]}`),
			want: []string{`insert of shop.products: duplicate key value violates unique constraint "products_pkey": Key (sku)=`},
		},
		"a deferred constraint": {
			plan: shopPlan,
			statements: []string{
				`CREATE TABLE shop.names (name text PRIMARY KEY)`,
				`ALTER TABLE shop.products ADD FOREIGN KEY (name) REFERENCES shop.names DEFERRABLE INITIALLY DEFERRED`,
			},
			want: []string{`insert of shop.products: insert or update on table "products" violates foreign key constraint "products_name_fkey"`},
		},
		"triggers that refuse an update, a delete, and a statement": {
			plan: shopPlan,
			statements: []string{
				`CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
					IF tg_op = 'UPDATE' AND NEW.total IS DISTINCT FROM OLD.total THEN RETURN NEW; END IF;
					RAISE 'no % here', tg_op; END $$`,
				`CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.refuse()`,
			},
			want: []string{
				`update of shop.orders: no UPDATE here`, `ship of shop.orders: no UPDATE here`, `delete of shop.orders: no DELETE here`,
			},
		},
		"statements without the effect that they are said to have": {
			plan: statementPlan(t, `
				{"name": "none", "operation": "update", "table": "shop.orders", "weight": 1, "parameters": [{"key": "order_no"}],
					"sql": "UPDATE shop.orders SET qty = qty WHERE order_no = $1"},
				{"name": "gone", "operation": "update", "table": "shop.orders", "weight": 1, "parameters": [{"key": "order_no"}],
					"sql": "DELETE FROM shop.orders WHERE order_no = $1"},
				{"name": "kept", "operation": "delete", "table": "shop.orders", "weight": 1, "parameters": [{"key": "order_no"}],
					"sql": "UPDATE shop.orders SET qty = qty + 1 WHERE order_no = $1"},
				{"name": "missing", "operation": "insert", "table": "shop.products", "weight": 1,
					"sql": "INSERT INTO shop.products SELECT 'p' WHERE false RETURNING sku"},
				{"name": "twice", "operation": "insert", "table": "shop.products", "weight": 1,
					"sql": "INSERT INTO shop.products VALUES ('p'), ('q') RETURNING sku"}`),
			want: []string{
				`missing of shop.products: it changes no row`, `twice of shop.products: it changes more than one row`,
				`none of shop.orders: the statement changed nothing that the sink shows`,
				`gone of shop.orders: the statement changed nothing that the sink shows`,
				`kept of shop.orders: the statement changed nothing that the sink shows`,
			},
		},
		"a statement that needs what a later one does, beside one that deletes": {
			plan: statementPlan(t, `
				{"name": "remove", "operation": "delete", "table": "shop.orders", "weight": 1, "parameters": [{"key": "order_no"}],
					"sql": "DELETE FROM shop.orders WHERE order_no = $1"},
				{"name": "second", "operation": "update", "table": "shop.orders", "weight": 1, "parameters": [{"key": "order_no"}],
					"sql": "UPDATE shop.orders SET qty = 101 WHERE order_no = $1 AND qty = 100"},
				{"name": "first", "operation": "update", "table": "shop.orders", "weight": 1, "parameters": [{"key": "order_no"}],
					"sql": "UPDATE shop.orders SET qty = 100 WHERE order_no = $1"}`),
		},
		"an update that a trigger suppresses": {
			plan: shopPlan,
			statements: []string{
				`CREATE FUNCTION shop.suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
					IF tg_op = 'UPDATE' AND NEW.total IS DISTINCT FROM OLD.total THEN RETURN NEW; END IF;
					RETURN NULL; END $$`,
				`CREATE TRIGGER suppress BEFORE UPDATE OR DELETE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.suppress()`,
			},
			want: []string{
				`update of shop.orders: it changes no row`, `ship of shop.orders: the statement changed nothing that the sink shows`,
				`delete of shop.orders: it changes no row`,
			},
		},
		"a statement with a mistake": {
			plan: statementPlan(t, `{"name": "bad", "operation": "insert", "table": "shop.items", "weight": 1,
				"sql": "INSERT INTO shop.itmes DEFAULT VALUES RETURNING id"}`),
			want: []string{`bad of shop.items: relation "shop.itmes" does not exist`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			u := newLoad(t, server, test.plan, test.statements...).user(t, 1)
			var got []string
			if found := u.run(t, `w.try(20000).join("\n")`).String(); found != "" {
				got = strings.Split(found, "\n")
			}
			if len(got) != len(test.want) {
				t.Fatalf("got %q", got)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("got %q, want %q", got[i], want)
				}
			}
			rows := u.run(t, `["products", "orders", "items"].map((name) => query("SELECT count(*) FROM shop." + name)).join()`)
			if rows.String() != "0,0,0" {
				t.Errorf("the trial left rows: %s", rows)
			}
		})
	}
}

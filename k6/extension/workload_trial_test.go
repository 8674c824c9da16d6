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
				`update of shop.orders: no UPDATE here`, `delete of shop.orders: no DELETE here`, `ship of shop.orders: no UPDATE here`,
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

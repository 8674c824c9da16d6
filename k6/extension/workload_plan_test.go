package extension

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shopPlan is the load of three tables in a schema with composite keys, children, an identity column, and triggers
// (workload_server_test.go).
const shopPlan = `{
	"version": 1, "seed": 20251,
	"tables": {
		"shop.products": {
			"relation": "\"shop\".\"products\"", "id": "\"sku\"", "key": ["sku"],
			"columns": [
				{"name": "sku", "generator": {"kind": "unique", "of": "text", "bytes": 16}},
				{"name": "name", "generator": {"kind": "text", "bytes": 12}, "nulls": 0.5}
			],
			"references": [], "recognized": ["name"], "updates": ["name"]
		},
		"shop.orders": {
			"relation": "\"shop\".\"orders\"",
			"id": "jsonb_build_array(\"tenant_id\", \"order_no\")::text", "key": ["tenant_id", "order_no"],
			"columns": [
				{"name": "tenant_id", "generator": {"kind": "range", "min": "1", "max": "10", "of": "integer"}},
				{"name": "order_no", "generator": {"kind": "unique", "of": "integer", "start": 17}},
				{"name": "qty", "generator": {"kind": "range", "min": "1", "max": "5", "of": "integer"}},
				{"name": "state", "generator": {"kind": "choice", "values": ["new", "paid"], "weights": [3, 1]}},
				{"name": "updated_at", "generator": {"kind": "sql", "sql": "clock_timestamp()"}}
			],
			"references": [{
				"columns": ["sku"], "table": "shop.products", "to": ["sku"],
				"nullable": false, "cascades": false, "existing": false
			}],
			"recognized": ["qty", "state", "total"], "updates": ["qty", "updated_at"]
		},
		"shop.items": {
			"relation": "\"shop\".\"items\"", "id": "\"id\"::text", "key": ["id"],
			"columns": [{"name": "price", "generator": {"kind": "range", "min": "1.00", "max": "9.99", "of": "decimal", "scale": 2}}],
			"references": [{
				"columns": ["tenant_id", "order_no"], "table": "shop.orders", "to": ["tenant_id", "order_no"],
				"nullable": false, "cascades": true, "existing": false
			}],
			"recognized": ["price"], "updates": []
		}
	},
	"changes": [
		{"name": "insert", "operation": "insert", "table": "shop.products", "weight": 1, "rows": 2},
		{"name": "delete", "operation": "delete", "table": "shop.products", "weight": 1},
		{"name": "insert", "operation": "insert", "table": "shop.orders", "weight": 4, "with": [{"table": "shop.items", "rows": 2}]},
		{"name": "update", "operation": "update", "table": "shop.orders", "weight": 3, "keys": "latest"},
		{"name": "delete", "operation": "delete", "table": "shop.orders", "weight": 1, "keys": "zipf"},
		{
			"name": "ship", "operation": "update", "table": "shop.orders", "weight": 2,
			"sql": "UPDATE shop.orders SET state = 'shipped' WHERE tenant_id = $1 AND order_no = $2",
			"parameters": [{"key": "tenant_id"}, {"key": "order_no"}]
		}
	]
}`

// changed returns the plan with one text replaced.
func changed(t *testing.T, plan, old, new string) string {
	t.Helper()
	if strings.Count(plan, old) == 0 {
		t.Fatalf("the plan has no %s", old)
	}
	return strings.Replace(plan, old, new, 1)
}

func compiled(t *testing.T, plan string) *compiledPlan {
	t.Helper()
	p, err := parsePlan([]byte(plan))
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.compile()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAPlanHasStatements(t *testing.T) {
	orders := compiled(t, shopPlan).tables["shop.orders"]
	const returned = `jsonb_build_array("tenant_id", "order_no")::text, "order_no"::text, "qty"::text, "state"::text, ` +
		`"tenant_id"::text, "total"::text`
	want := map[string]string{
		orders.insertSQL: `INSERT INTO "shop"."orders" ("tenant_id", "order_no", "qty", "state", "updated_at", "sku") ` +
			`VALUES ($1, $2, $3, $4, (clock_timestamp()), $5) RETURNING ` + returned,
		orders.updateSQL: `UPDATE "shop"."orders" SET "qty" = $1, "updated_at" = (clock_timestamp()) ` +
			`WHERE "tenant_id" = $2 AND "order_no" = $3 RETURNING ` + returned,
		orders.deleteSQL: `DELETE FROM "shop"."orders" WHERE "tenant_id" = $1 AND "order_no" = $2`,
		orders.selectSQL: `SELECT ` + returned + ` FROM "shop"."orders" WHERE "tenant_id" = $1 AND "order_no" = $2`,
	}
	for got, expected := range want {
		if got != expected {
			t.Errorf("got  %s\nwant %s", got, expected)
		}
	}
}

func TestATableWhoseColumnsAllHaveDefaults(t *testing.T) {
	plan := `{"version": 1, "tables": {"public.t": {"relation": "t", "id": "id::text", "key": ["id"]}}}`
	if got := compiled(t, plan).tables["public.t"].insertSQL; got != `INSERT INTO t DEFAULT VALUES RETURNING id::text, "id"::text` {
		t.Errorf("got %s", got)
	}
}

func TestAPlanIsReadStrictly(t *testing.T) {
	tests := map[string]struct{ old, new, want string }{
		"another version":     {`"version": 1`, `"version": 2`, "version must be 1, not 2"},
		"an unknown field":    {`"seed"`, `"sed"`, `json: unknown field "sed"`},
		"an unknown kind":     {`"kind": "unique", "of": "text"`, `"kind": "word", "of": "text"`, `tables: shop.products: column sku: there is no generator "word"`},
		"no table":            {`"table": "shop.products", "weight": 1, "rows"`, `"table": "shop.x", "weight": 1, "rows"`, "changes: insert of shop.x: there is no such table"},
		"no key":              {`"key": ["id"]`, `"key": []`, "tables: shop.items: relation, id, and key are needed"},
		"no parent":           {`"table": "shop.products", "to"`, `"table": "shop.x", "to"`, "tables: shop.orders: references: there is no table shop.x"},
		"a part of a key":     {`"to": ["tenant_id", "order_no"]`, `"to": ["tenant_id"]`, "tables: shop.items: references: 2 columns refer to 1 of shop.orders"},
		"nulls":               {`"nulls": 0.5`, `"nulls": 1.5`, "tables: shop.products: column name: nulls must be from 0 to 1, not 1.5"},
		"a weight":            {`"weight": 4`, `"weight": -4`, "changes: insert of shop.orders: the name, the weight, or the number of rows is wrong"},
		"keys":                {`"keys": "zipf"`, `"keys": "first"`, `changes: delete of shop.orders: keys must be uniform, zipf, or latest, not "first"`},
		"an operation":        {`"operation": "delete", "table": "shop.products"`, `"operation": "drop", "table": "shop.products"`, `changes: delete of shop.products: operation must be insert, update, or delete, not "drop"`},
		"an update unseen":    {`"updates": ["qty", "updated_at"]`, `"updates": ["updated_at"]`, "changes: update of shop.orders: no column that an update sets can be recognized in the sink"},
		"an update of no one": {`"updates": ["name"]`, `"updates": ["size"]`, "tables: shop.products: updates: the column size has no generator"},
		"no child":            {`"with": [{"table": "shop.items"`, `"with": [{"table": "shop.products"`, "changes: insert of shop.orders: with: shop.products cannot be written with it"},
		"not a key":           {`"parameters": [{"key": "tenant_id"}`, `"parameters": [{"key": "qty"}`, "changes: ship of shop.orders: qty is not a column of the key of a row that the statement changes"},
		"an empty parameter":  {`"parameters": [{"key": "tenant_id"}`, `"parameters": [{}`, "changes: ship of shop.orders: a parameter is either a key or a generator"},
		"a weight of choice":  {`"weights": [3, 1]`, `"weights": [3]`, "tables: shop.orders: column state: choice: 2 values have 1 weights"},
		"a range":             {`"min": "1", "max": "5"`, `"min": "6", "max": "5"`, "tables: shop.orders: column qty: range: min is above max"},
		"more after the end":  {"\t]\n}", "\t]\n} {}", "there is more after its end"},
		"not JSON":            {"\t]\n}", "", "unexpected EOF"},
		"a circle of references": {
			`"references": [], "recognized": ["name"]`,
			`"references": [{"columns": ["a", "b"], "table": "shop.orders", "to": ["tenant_id", "order_no"]}], "recognized": ["name"]`,
			"refer to each other: no row can be the first",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := parsePlan([]byte(changed(t, shopPlan, test.old, test.new)))
			if err == nil {
				_, err = p.compile()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestTheFileOfAPlanIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "workload.json")
	u := newUser(t, newModule())
	u.set(t, "path", path)
	open := func() error {
		_, err := u.VU.Runtime().RunString(`cdc.workload(path, null, null)`)
		return err
	}
	if err := open(); err == nil || !strings.Contains(err.Error(), "workload: open "+path) {
		t.Errorf("a missing file: %v", err)
	}
	for content, want := range map[string]string{
		"{}": "version must be 1, not 0",
		`{"version": 1, "tables": {"t": {"relation": "t", "id": "i", "key": ["i"], "columns": [{"name": "i"}]}}}`: `there is no generator ""`,
	} {
		put(t, path, []byte(content))
		if err := open(); err == nil || !strings.Contains(err.Error(), "workload: "+path+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", content, err)
		}
	}
}

// The plans that the harness derives from the sample's files: scripts/cdc_perf/workload writes the same form.
func TestEveryGeneratorOfThePlansFormIsKnown(t *testing.T) {
	content, err := os.ReadFile("../../scripts/cdc_perf/workload/load_plan.py")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, part := range strings.Split(string(content), `tag="`)[1:] {
		kind, _, _ := strings.Cut(part, `"`)
		kinds[kind] = true
	}
	if len(kinds) < 10 {
		t.Fatalf("found only %v", kinds)
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		given := planGenerator{
			Kind: kind, Values: []string{"a"}, Min: "1", Max: "2", Bytes: 4, Format: "{}", SQL: "now()", Length: 1,
			Of: generatorOf{name: "integer", elements: &planGenerator{Kind: "boolean"}},
		}
		if _, err := newGenerators().compile(given, false); err != nil && kind != "sql" {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestTheElementsOfAnArrayAreReadStrictly(t *testing.T) {
	var given planGenerator
	if err := strictJSON([]byte(`{"kind": "array", "length": 2, "of": {"kind": "text", "size": 3}}`), &given); err == nil {
		t.Error("an unknown field is accepted")
	}
	if err := json.Unmarshal([]byte(`{"kind": "array", "length": 2, "of": {"kind": "text", "bytes": 3}}`), &given); err != nil || given.Of.elements.Bytes != 3 {
		t.Errorf("%+v, %v", given.Of.elements, err)
	}
}

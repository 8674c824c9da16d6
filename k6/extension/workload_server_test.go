package extension

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"go.k6.io/k6/lib"
)

// shopTables are the tables of shopPlan. The views stand for the sink: they have the tables' rows, by one key.
var shopTables = []string{
	`CREATE SCHEMA shop`,
	`CREATE TABLE shop.products (sku text PRIMARY KEY, name text)`,
	`CREATE TABLE shop.orders (
		tenant_id int, order_no bigint, sku text NOT NULL REFERENCES shop.products, qty int CHECK (qty > 0),
		state text, total numeric(12, 2), updated_at timestamptz, PRIMARY KEY (tenant_id, order_no))`,
	`CREATE TABLE shop.items (
		id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id int, order_no bigint, price numeric(12, 2),
		FOREIGN KEY (tenant_id, order_no) REFERENCES shop.orders ON DELETE CASCADE)`,
	`CREATE FUNCTION shop.add() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		UPDATE shop.orders SET total = coalesce(total, 0) + NEW.price
		WHERE tenant_id = NEW.tenant_id AND order_no = NEW.order_no; RETURN NULL; END $$`,
	`CREATE TRIGGER add AFTER INSERT ON shop.items FOR EACH ROW EXECUTE FUNCTION shop.add()`,
	`CREATE SCHEMA sink`,
	`CREATE VIEW sink.products AS SELECT * FROM shop.products`,
	`CREATE VIEW sink.orders AS SELECT jsonb_build_array(tenant_id, order_no)::text AS id, * FROM shop.orders`,
	`CREATE VIEW sink.items AS SELECT * FROM shop.items`,
}

// databases counts the databases of the tests.
var databases atomic.Int64

// load is a workload in a database of its own, whose sink is the database itself.
type load struct {
	server *postgresServer
	module *module
	plan   string
	ledger string
}

func newLoad(t *testing.T, on *postgresServer, plan string, statements ...string) *load {
	t.Helper()
	name := fmt.Sprintf("load_%d", databases.Add(1))
	on.run(t, "CREATE DATABASE "+name)
	server := &postgresServer{port: on.port, dsn: strings.Replace(on.dsn, "/postgres", "/"+name, 1)}
	server.run(t, append(slices.Clone(shopTables), statements...)...)
	folder := t.TempDir()
	l := &load{server, newModule(), filepath.Join(folder, "workload.json"), filepath.Join(folder, "ledger.tsv")}
	put(t, l.plan, []byte(plan))
	return l
}

// user is a virtual user with its workload, `w`, and what it does: `once` makes a change, and returns its operation.
func (l *load) user(t *testing.T, number uint64) *user {
	t.Helper()
	u := newUser(t, l.module)
	tags := lib.NewVUStateTags(u.VU.InitEnv().Registry.RootTagSet())
	u.MoveToVUContext(&lib.State{VUIDGlobal: number, Samples: u.samples, Tags: tags})
	u.set(t, "dsn", l.server.dsn)
	u.set(t, "plan", l.plan)
	u.set(t, "ledger", l.ledger)
	u.run(t, `
		const tables = { "shop.products": { target: "sink.products", key: ["sku"] },
			"shop.orders": { target: "sink.orders" }, "shop.items": { target: "sink.items" } };
		const end = cdc.sink({ kind: "postgres", sinkDsn: dsn, tables: JSON.stringify(tables), pollInterval: 2, ledger });
		const database = cdc.postgres(dsn, { ledger });
		const w = cdc.workload(plan, database, end);
		w.prepare(5000);
		function follow(change) {
			change.write(5000);
			const seen = change.wait(5000);
			if (!seen.found || seen.error) { throw new Error(change.operation + " of " + change.table + " is not seen: " + seen.error); }
			if (!change.holds(5000)) { throw new Error(change.operation + " of " + change.table + " does not hold"); }
			return [change.operation, change.table, change.inserted].join(" ");
		}
		const once = () => follow(w.next());
		const query = (sql) => database.query({ sql: "SELECT q::text AS row FROM (" + sql + ") q", args: [] }, 5000)
			.map(({ row }) => row.slice(1, -1).replaceAll(",", " ")).join("|");`)
	return u
}

func (u *user) counts(t *testing.T, changes int) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for range changes {
		counts[u.run(t, `once()`).String()]++
	}
	return counts
}

func TestAWorkloadOnAServer(t *testing.T) {
	server := startPostgres(t)
	for name, test := range map[string]func(*testing.T, *postgresServer){
		"A workload is made and seen":                           testAWorkloadIsMadeAndSeen,
		"The same seed gives the same load":                     testTheSameSeedGivesTheSameLoad,
		"An update differs":                                     testAnUpdateDiffers,
		"An update that cannot differ is an error":              testAnUpdateThatCannotDifferIsAnError,
		"A statement is repeated only where it changes the row": testAStatementIsRepeatedOnlyWhereItChangesTheRow,
		"Statements":                          testStatements,
		"A statement that cannot be followed": testAStatementThatCannotBeFollowed,
		"Children of rows that were there":    testChildrenOfRowsThatWereThere,
		"Parents agree":                       testParentsAgree,
		"A row whose write has an unknown outcome is forgotten": testARowWhoseWriteHasAnUnknownOutcomeIsForgotten,
	} {
		t.Run(name, func(t *testing.T) { test(t, server) })
	}
}

func testAWorkloadIsMadeAndSeen(t *testing.T, server *postgresServer) {
	l := newLoad(t, server, shopPlan, `INSERT INTO shop.products VALUES ('old', NULL)`,
		`INSERT INTO shop.orders SELECT n, 1000 + n, 'old', 1, 'new', NULL, now() FROM generate_series(1, 5) n`)
	u := l.user(t, 1)
	counts := u.counts(t, 120)
	t.Log(counts)
	// Ten decks of twelve. A product is deleted only if no order refers to it; while there is none, one is inserted.
	for what, want := range map[string]int{
		"insert shop.orders 3": 40, "update shop.orders 0": 30, "delete shop.orders 0": 10, "ship shop.orders 0": 20,
		"delete shop.products 0": 10,
	} {
		if got := counts[what]; got < want-1 || got > want+1 {
			t.Errorf("%s: %d, want about %d", what, got, want)
		}
	}
	t.Run("the ledger has what the database has", func(t *testing.T) {
		left := map[string]int{}
		for _, line := range linesOf(t, l.ledger) {
			fields := strings.Split(line, "\t")
			switch fields[0] {
			case "c":
				left[fields[1]]++
			case "d":
				left[fields[1]]--
			case "s":
				left["seen"]++
			}
		}
		// Items are deleted with their orders, which the ledger leaves to the database.
		for _, table := range []string{"shop.products", "shop.orders"} {
			got := u.run(t, `query("SELECT count(*) FROM `+table+` WHERE sku <> 'old'")`).String()
			if got != strconv.Itoa(left[table]) {
				t.Errorf("%s has %s rows, and the ledger %d", table, got, left[table])
			}
		}
		items, seen := 2*counts["insert shop.orders 3"], 120+counts["insert shop.products 2"]
		if left["shop.items"] != items || left["seen"] != seen {
			t.Errorf("the ledger has %v", left)
		}
	})
	t.Run("rows that were there stay as they were", func(t *testing.T) {
		got := u.run(t, `query("SELECT count(*), count(*) FILTER (WHERE state = 'new' AND qty = 1) FROM shop.orders WHERE sku = 'old'")`)
		if got.String() != "5 5" {
			t.Errorf("%s", got)
		}
	})
	t.Run("unique numbers begin above those that are there", func(t *testing.T) {
		if got := u.run(t, `query("SELECT min(order_no) > 1005 FROM shop.orders WHERE sku <> 'old'")`).String(); got != "t" {
			t.Errorf("%s", got)
		}
	})
	t.Run("a virtual user refers to its own rows alone", func(t *testing.T) {
		l.user(t, 2).counts(t, 30)
		// If the second used the products of the first, the first would fail to delete them.
		u.counts(t, 24)
	})
}

// The load without its keys: everything that PostgreSQL has, in the order of the writes.
func (l *load) content(t *testing.T, u *user) string {
	t.Helper()
	return u.run(t, `query("SELECT name FROM shop.products ORDER BY ctid") + "; " +
		query("SELECT tenant_id, qty, state, total FROM shop.orders ORDER BY order_no") + "; " +
		query("SELECT price FROM shop.items ORDER BY id")`).String()
}

func testTheSameSeedGivesTheSameLoad(t *testing.T, server *postgresServer) {
	contents, keys := map[string]string{}, map[string]bool{}
	run := func(name, plan string, number uint64) {
		l := newLoad(t, server, plan)
		u := l.user(t, number)
		u.counts(t, 60)
		contents[name] = l.content(t, u)
		for _, sku := range strings.Split(u.run(t, `query("SELECT sku FROM shop.products")`).String(), "|") {
			if keys[sku] {
				t.Errorf("%s: the key %s is not new", name, sku)
			}
			keys[sku] = true
		}
	}
	run("first", shopPlan, 1)
	run("again", shopPlan, 1)
	run("another virtual user", shopPlan, 2)
	run("another seed", changed(t, shopPlan, "20251", "7"), 1)
	if contents["first"] != contents["again"] {
		t.Errorf("with the same seed:\n%s\n%s", contents["first"], contents["again"])
	}
	if contents["first"] == contents["another seed"] || contents["first"] == contents["another virtual user"] {
		t.Error("another seed or another virtual user gives the same load")
	}
}

func testAnUpdateDiffers(t *testing.T, server *postgresServer) {
	plan := changed(t, shopPlan, `{"kind": "range", "min": "1", "max": "5", "of": "integer"}`, `{"kind": "range", "min": "1", "max": "2", "of": "integer"}`)
	l := newLoad(t, server, plan,
		`CREATE TABLE shop.history (before int, after int)`,
		`CREATE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO shop.history VALUES (OLD.qty, NEW.qty); RETURN NULL; END $$`,
		`CREATE TRIGGER note AFTER UPDATE OF qty ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.note()`)
	u := l.user(t, 1)
	u.counts(t, 60)
	if got := u.run(t, `query("SELECT count(*) > 10, count(*) FILTER (WHERE before = after) FROM shop.history")`).String(); got != "t 0" {
		t.Errorf("updates, and those that change nothing: %s", got)
	}
}

func testAnUpdateThatCannotDifferIsAnError(t *testing.T, server *postgresServer) {
	plan := changed(t, shopPlan, `{"kind": "range", "min": "1", "max": "5", "of": "integer"}`, `{"kind": "range", "min": "1", "max": "1", "of": "integer"}`)
	u := newLoad(t, server, plan).user(t, 1)
	got := u.run(t, `let why = ""; for (let i = 0; i < 24 && !why; i += 1) { try { once() } catch (error) { why = String(error) } } why`).String()
	if !strings.Contains(got, "update of shop.orders: no new value differs from the row's in a column that the sink shows") {
		t.Errorf("%s", got)
	}
}

// A statement that does nothing to a row does nothing that could be waited for.
func testAStatementIsRepeatedOnlyWhereItChangesTheRow(t *testing.T, server *postgresServer) {
	l := newLoad(t, server, shopPlan,
		`CREATE TABLE shop.history (n int)`,
		`CREATE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO shop.history VALUES (1); RETURN NULL; END $$`,
		`CREATE TRIGGER note AFTER UPDATE ON shop.orders FOR EACH ROW
			WHEN (OLD.state = 'shipped' AND NEW.state = 'shipped' AND OLD.qty = NEW.qty) EXECUTE FUNCTION shop.note()`)
	u := l.user(t, 1)
	shipped := u.counts(t, 60)["ship shop.orders 0"]
	if got := u.run(t, `query("SELECT count(*) FROM shop.history")`).String(); got != "0" || shipped < 9 {
		t.Errorf("%d orders were shipped, %s of them twice", shipped, got)
	}
}

// statementPlan has one statement, and what it needs.
func statementPlan(t *testing.T, statement string) string {
	t.Helper()
	head, _, _ := strings.Cut(shopPlan, `"changes": [`)
	return head + `"changes": [
		{"name": "insert", "operation": "insert", "table": "shop.products", "weight": 1},
		{"name": "insert", "operation": "insert", "table": "shop.orders", "weight": 1}, ` + statement + `]}`
}

func testStatements(t *testing.T, server *postgresServer) {
	tests := map[string]struct{ statement, made, want string }{
		"an insert": {
			`{"name": "order", "operation": "insert", "table": "shop.products", "weight": 2,
			"sql": "INSERT INTO shop.products VALUES ('p-' || $1::text, 'made') RETURNING sku",
			"parameters": [{"generator": {"kind": "sequence", "format": "{}"}}]}`,
			"order shop.products 1", `SELECT count(*) FROM shop.products WHERE name = 'made'`,
		},
		"a delete": {
			`{"name": "drop", "operation": "delete", "table": "shop.orders", "weight": 1,
			"sql": "DELETE FROM shop.orders WHERE order_no = $1", "parameters": [{"key": "order_no"}]}`,
			"drop shop.orders 0", "",
		},
		"an update with a value": {
			`{"name": "grow", "operation": "update", "table": "shop.orders", "weight": 2,
			"sql": "UPDATE shop.orders SET qty = qty + $1 WHERE order_no = $2",
			"parameters": [{"generator": {"kind": "range", "of": "integer", "min": "10", "max": "20"}}, {"key": "order_no"}]}`,
			"grow shop.orders 0", `SELECT count(*) FROM shop.orders WHERE qty > 10`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			u := newLoad(t, server, statementPlan(t, test.statement)).user(t, 1)
			counts := u.counts(t, 24)
			if counts[test.made] < 8 {
				t.Errorf("made %v", counts)
			}
			if test.want != "" {
				if got := u.run(t, `query("`+test.want+`")`).String(); got == "0" {
					t.Error("the statement has changed nothing")
				}
			}
		})
	}
}

func testAStatementThatCannotBeFollowed(t *testing.T, server *postgresServer) {
	tests := map[string]struct{ statement, want string }{
		"PostgreSQL's words": {
			`{"name": "bad", "operation": "update", "table": "shop.orders", "weight": 2,
			"sql": "UPDATE shop.orders SET qty = 0 WHERE order_no = $1", "parameters": [{"key": "order_no"}]}`,
			`bad of shop.orders: postgresql: ERROR: new row for relation \"orders\" violates check constraint \"orders_qty_check\"`,
		},
		"no key is returned": {
			`{"name": "bad", "operation": "insert", "table": "shop.products", "weight": 2,
			"sql": "INSERT INTO shop.products VALUES ('a', 'b') RETURNING sku, name"}`,
			`bad of shop.products: postgresql: the statement returns 2 columns, not the key's 1`,
		},
		"no row is there": {
			`{"name": "bad", "operation": "insert", "table": "shop.products", "weight": 2, "sql": "SELECT 'nowhere'"}`,
			`bad of shop.products: postgresql: the statement returns the key of a row that does not exist`,
		},
		"nothing is returned": {
			`{"name": "bad", "operation": "insert", "table": "shop.products", "weight": 2, "sql": "SELECT 'a' WHERE false"}`,
			`bad of shop.products: postgresql: no rows in result set`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLoad(t, server, statementPlan(t, test.statement))
			u := l.user(t, 1)
			got := u.run(t, `let why = ""; for (let i = 0; i < 24 && !why; i += 1) { try { once() } catch (error) { why = String(error) } } why`)
			if !strings.Contains(got.String(), strings.ReplaceAll(test.want, `\"`, `"`)) {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if rows := u.run(t, `query("SELECT count(*) FROM shop.products WHERE name = 'b'")`).String(); rows != "0" {
				t.Error("the transaction was not undone")
			}
		})
	}
}

func testChildrenOfRowsThatWereThere(t *testing.T, server *postgresServer) {
	const reference = `"nullable": false, "cascades": false, "existing": false`
	plan := changed(t, shopPlan, reference, strings.Replace(reference, `"existing": false`, `"existing": true`, 1))
	t.Run("they are used", func(t *testing.T) {
		l := newLoad(t, server, plan, `INSERT INTO shop.products SELECT 'old-' || n, NULL FROM generate_series(1, 20) n`)
		u := l.user(t, 1)
		u.counts(t, 60)
		got := u.run(t, `query("SELECT count(*) FILTER (WHERE sku NOT LIKE 'old-%'), count(DISTINCT sku) > 5 FROM shop.orders")`).String()
		if got != "0 t" {
			t.Errorf("orders of other products, and whether there are many products: %s", got)
		}
	})
	t.Run("there are none", func(t *testing.T) {
		l := newLoad(t, server, plan)
		u := newUser(t, l.module)
		u.MoveToVUContext(&lib.State{VUIDGlobal: 1, Samples: u.samples})
		u.set(t, "dsn", l.server.dsn)
		u.set(t, "plan", l.plan)
		_, err := u.VU.Runtime().RunString(`cdc.workload(plan, cdc.postgres(dsn, {}), cdc.sink({ kind: "postgres", sinkDsn: dsn })).prepare(5000)`)
		if err == nil || !strings.Contains(err.Error(), "workload: shop.products has no row that a row of shop.orders can refer to") {
			t.Errorf("%v", err)
		}
	})
}

// Both parents have the tenant: a row gets parents of the same one, or an error says that there are none.
func testParentsAgree(t *testing.T, server *postgresServer) {
	reference := func(columns, table, to string) string {
		return fmt.Sprintf(`{"columns": %s, "table": %q, "to": %s, "nullable": false, "cascades": true, "existing": false}`, columns, table, to)
	}
	column := func(name, generator string) string {
		return fmt.Sprintf(`{"name": %q, "generator": {%s}}`, name, generator)
	}
	const tenants = `"kind": "range", "of": "integer", "min": "1", "max": "3"`
	const numbers = `"kind": "unique", "of": "integer", "start": 1`
	plan := `{"version": 1, "seed": 1, "tables": {
		"shop.products": {"relation": "shop.things", "id": "id::text", "key": ["id"],
			"columns": [` + column("id", numbers) + `, ` + column("tenant", tenants) + `], "recognized": ["tenant"]},
		"shop.orders": {"relation": "shop.people", "id": "id::text", "key": ["id"],
			"columns": [` + column("id", numbers) + `, ` + column("tenant", tenants) + `], "recognized": ["tenant"]},
		"shop.items": {"relation": "shop.pairs", "id": "id::text", "key": ["id"], "recognized": ["tenant"],
			"columns": [` + column("id", numbers) + `], "references": [` +
		reference(`["tenant"]`, "shop.products", `["tenant"]`) + `, ` +
		reference(`["tenant", "person"]`, "shop.orders", `["tenant", "id"]`) + `, ` +
		reference(`["tenant", "thing"]`, "shop.products", `["tenant", "id"]`) + `]}},
		"changes": [
			{"name": "insert", "operation": "insert", "table": "shop.products", "weight": 1, "rows": 20},
			{"name": "insert", "operation": "insert", "table": "shop.orders", "weight": 1, "rows": 20},
			{"name": "insert", "operation": "insert", "table": "shop.items", "weight": 4}]}`
	l := newLoad(t, server, plan,
		`CREATE TABLE shop.things (tenant int, id int PRIMARY KEY, UNIQUE (tenant, id))`,
		`CREATE TABLE shop.people (tenant int, id int PRIMARY KEY, UNIQUE (tenant, id))`,
		`CREATE TABLE shop.pairs (id int PRIMARY KEY, tenant int, person int, thing int,
			FOREIGN KEY (tenant, person) REFERENCES shop.people (tenant, id),
			FOREIGN KEY (tenant, thing) REFERENCES shop.things (tenant, id))`,
		`DROP VIEW sink.products, sink.orders, sink.items`,
		`CREATE VIEW sink.products AS SELECT id AS sku, * FROM shop.things`,
		`CREATE VIEW sink.orders AS SELECT * FROM shop.people`, `CREATE VIEW sink.items AS SELECT * FROM shop.pairs`)
	u := l.user(t, 1)
	u.counts(t, 60)
	if got := u.run(t, `query("SELECT count(*) = 40, count(DISTINCT tenant) FROM shop.pairs")`).String(); got != "t 3" {
		t.Errorf("pairs, and their tenants: %s", got)
	}
}

func testARowWhoseWriteHasAnUnknownOutcomeIsForgotten(t *testing.T, server *postgresServer) {
	l := newLoad(t, server, shopPlan)
	u := l.user(t, 1)
	u.counts(t, 12)
	got := u.run(t, `let why = "";
		for (let i = 0; i < 40 && !why; i += 1) {
			const change = w.next();
			if (change.operation === "update") {
				try { change.write(0.001) } catch (error) { why = String(error) }
			} else { follow(change) }
		}
		why`).String()
	if !strings.Contains(got, "update of shop.orders: postgresql: ") || strings.Contains(got, "ERROR") {
		t.Errorf("the write in no time: %s", got)
	}
	// What follows is made with other rows.
	u.counts(t, 24)
}

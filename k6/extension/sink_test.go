package extension

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// onlyQuery is the time between queries if the first one decides.
const onlyQuery = time.Hour

// fakeTarget is a target that has what it was given, and remembers what it was asked for.
type fakeTarget struct {
	*poller
	row      document
	expected []expectation
}

func newFakeTarget(row document, interval time.Duration) *fakeTarget {
	f := &fakeTarget{row: row}
	f.poller = newPoller(func(context.Context, []string, []string) (map[string]document, error) {
		return map[string]document{"a": row}, nil
	}, interval)
	return f
}

func (f *fakeTarget) wait(ctx context.Context, id string, expected expectation, timeout time.Duration) waitResult {
	f.expected = append(f.expected, expected)
	return f.poller.wait(ctx, id, expected, timeout)
}

func (f *fakeTarget) find(context.Context, string) (document, error) {
	return f.row, nil
}

// tableOf makes `customers` a table whose rows are in the target.
func (u *user) tableOf(t *testing.T, to mapping, target target, ledger *ledger) {
	t.Helper()
	sink := &userSink{Name: "MongoDB", vu: u.VU, ledger: ledger, reports: newReports()}
	u.set(t, "customers", &userTable{sink: sink, name: "public.customer", mapping: to, target: target})
}

func TestWaitInJavaScript(t *testing.T) {
	tests := map[string]struct{ call, want string }{
		"found": {
			`customers.wait("a", { fields: { status: "new" }, deleted: undefined, timeout: 5000 })`,
			`["found","durationMs","attempts","error"] true 1 `,
		},
		"not deleted in time": {
			`customers.wait("a", { fields: undefined, deleted: true, timeout: 0.5 })`,
			`["found","durationMs","attempts","error"] false 1 `,
		},
		"absent is deleted": {
			`customers.wait("b", { deleted: true, timeout: 5000 })`,
			`["found","durationMs","attempts","error"] true 1 `,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			u := newUser(t, newModule()).iterate()
			u.tableOf(t, mapping{}, newFakeTarget(document{"_id": "a", "status": "new"}, onlyQuery), nil)
			got := u.run(t, `const r = `+test.call+`;
				if (typeof r.durationMs !== "number" || !(r.durationMs >= 0)) { throw new Error(String(r.durationMs)); }
				[JSON.stringify(Object.keys(r)), r.found, r.attempts, r.error].join(" ")`).String()
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestColumnsHaveTheSourcesNames(t *testing.T) {
	u := newUser(t, newModule()).iterate()
	// email is mail, status is email, phone is dropped.
	to := mapping{Columns: map[string]string{"email": "mail", "status": "email"}, Ignored: []string{"phone"}}
	target := newFakeTarget(document{"mail": "a@b", "email": "new", "phone": "***", "city": "Bern"}, onlyQuery)
	u.tableOf(t, to, target, nil)
	found := u.run(t, `customers.wait("a", { fields: { email: "a@b", status: "new", phone: "1", city: "Bern" }, timeout: 5000 }).found`)
	if !found.ToBoolean() {
		t.Errorf("waited for %v", target.expected)
	}
	if _, ok := target.expected[0].fields["phone"]; ok {
		t.Errorf("an ignored column is expected: %v", target.expected)
	}
	got := u.run(t, `[
		customers.holds("a", { fields: { email: "a@b", status: "new", phone: "1", city: "Bern" }, timeout: 5000 }),
		customers.holds("a", { fields: { email: "new", city: "Bern" }, timeout: 5000 })].join(" ")`).String()
	if want := "true false"; got != want {
		t.Errorf("the row holds what was written and something else: %s, want %s", got, want)
	}
}

func TestARowThatIsAbsentHoldsNothing(t *testing.T) {
	u := newUser(t, newModule()).iterate()
	u.tableOf(t, mapping{Columns: map[string]string{"a": "b"}}, newFakeTarget(nil, onlyQuery), nil)
	got := u.run(t, `[{}, { fields: { a: null } }, { deleted: true }]
		.map((expected) => customers.holds("a", { ...expected, timeout: 5000 })).join(" ")`).String()
	if want := "false false true"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestANullIsWaitedFor(t *testing.T) {
	u := newUser(t, newModule()).iterate()
	u.tableOf(t, mapping{}, newFakeTarget(document{"note": nil, "status": "new"}, onlyQuery), nil)
	got := u.run(t, `[[{ note: null }, 5000], [{ status: null }, 1]]
		.map(([fields, timeout]) => customers.wait("a", { fields, timeout }).found).join(" ")`).String()
	if want := "true false"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOnlyAWaitThatSucceededIsInTheLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.tsv")
	l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	u := newUser(t, newModule()).iterate()
	u.tableOf(t, mapping{}, newFakeTarget(document{"status": "new"}, testInterval), l)
	before := time.Now()
	u.run(t, `customers.wait("a", { deleted: true, op: "d", timeout: 1 });
		customers.wait("a", { fields: { status: "new" }, timeout: 5000 });
		customers.wait("a", { fields: { status: "new" }, op: "u", timeout: 5000 })`)
	fields := strings.Split(linesOf(t, path)[0], "\t")
	if len(linesOf(t, path)) != 1 || len(fields) != 5 {
		t.Fatalf("the ledger has %q", linesOf(t, path))
	}
	if fields[3] < microseconds(before) || fields[3] > microseconds(time.Now()) {
		t.Errorf("it was seen at %s", fields[3])
	}
	fields[3] = "time"
	if got := strings.Join(fields, " "); got != "s public.customer a time u" {
		t.Errorf("the line is %s", got)
	}
}

func TestTheMappingOfATable(t *testing.T) {
	given, err := parseTables(`{"public.customer": {"target": "people", "topic": "t", "key": ["a", "b"], "columns": {"b": "c"}}}`)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		tables tables
		table  string
		kind   sinkKind
		want   string
	}{
		"given":                 {given, "public.customer", mongodbKind, "people t a,c"},
		"by default, MongoDB":   {nil, "public.customer", mongodbKind, "customer cdc.public.customer id"},
		"by default, any table": {nil, "sales.orders", postgresKind, "sales.orders cdc.sales.orders id"},
		"by default, Kafka":     {nil, "public.customer", kafkaKind, "public.customer cdc.public.customer id"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			to, err := test.tables.of(test.table, test.kind)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join([]string{to.Target, to.Topic, strings.Join(to.keyInSink(), ",")}, " ")
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

package extension

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestTableNames(t *testing.T) {
	tests := map[string]string{
		"customer":            `"customer"`,
		"public.customer":     `"public"."customer"`,
		"Sales.Order":         `"Sales"."Order"`,
		`public."Invoice li"`: `"public"."Invoice li"`,
		`"a.b"."c""d"`:        `"a.b"."c""d"`,
		"":                    "",
		".a":                  "",
		"a.":                  "",
		`"a`:                  "",
		`""`:                  "",
		`"a"b`:                "",
		`a"b"`:                "",
		"a.b.c":               "",
	}
	for name, want := range tests {
		parsed, err := parseTableName(name)
		got := ""
		if err == nil {
			got = parsed.Sanitize()
		}
		if got != want {
			t.Errorf("%s is parsed as %s (%v), want %s", name, got, err, want)
		}
	}
}

func TestTheQueryConvertsTheKeysAndNotTheColumn(t *testing.T) {
	table := &postgresTable{name: `"public"."customer"`, key: "i d"}
	const want = `SELECT "i d"::text, "e""mail"::text FROM "public"."customer" WHERE "i d" = ANY($1::text[]::uuid[])`
	if got := table.selection([]string{`e"mail`}, "uuid"); got != want {
		t.Errorf("got %s", got)
	}
}

// postgresAt returns a sink at a server.
func postgresAt(t *testing.T, dsn string) *postgresSink {
	t.Helper()
	s, err := newModule().newPostgresSink(sinkOptions{SinkDSN: dsn, MaxConnections: 2}, testInterval)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.pool.Close)
	return s
}

func tableIn(t *testing.T, s *postgresSink, to mapping) *postgresTable {
	t.Helper()
	found, err := s.target(to)
	if err != nil {
		t.Fatal(err)
	}
	return found.(*postgresTable)
}

func TestARowIsFoundInPostgreSQL(t *testing.T) {
	server := startPostgres(t)
	server.run(t,
		`CREATE SCHEMA "Sales"`,
		`CREATE TABLE "Sales"."Order" ("I d" uuid PRIMARY KEY, status text, total numeric(12, 2), paid boolean, "at" timestamptz)`,
	)
	s := postgresAt(t, server.dsn)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.ping(ctx); err != nil {
		t.Fatal(err)
	}
	to := mapping{Target: "Sales.Order", Key: []string{"id"}, Columns: map[string]string{"id": "I d"}}
	table := tableIn(t, s, to)
	if again := tableIn(t, s, to); again != table {
		t.Error("a table has two pollers")
	}
	const id = "b7e7f824-3f12-47c5-bcce-7744ba4c753c"
	expected := having("status", "new", "total", "12.50", "paid", "true")
	result := make(chan waitResult)
	go func() { result <- table.wait(t.Context(), id, expected, 10*time.Second) }()
	time.Sleep(5 * testInterval)
	server.run(t, `INSERT INTO "Sales"."Order" VALUES ('`+id+`', 'new', 12.5, true, NULL)`)
	if got := <-result; !got.Found || got.Error != "" || got.metAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	row, err := table.find(t.Context(), id)
	if err != nil || len(row) != 5 || row["I d"] != id || row["total"] != "12.50" || row["at"] != nil {
		t.Errorf("found %v, %v", row, err)
	}
	go func() { result <- table.wait(t.Context(), id, expectation{deleted: true}, 10*time.Second) }()
	time.Sleep(5 * testInterval)
	server.run(t, `DELETE FROM "Sales"."Order"`)
	if got := <-result; !got.Found || got.Attempts < 2 {
		t.Errorf("deleted: %+v", got)
	}
	if row, err := table.find(t.Context(), id); row != nil || err != nil {
		t.Errorf("found %v, %v", row, err)
	}
}

func TestAKeyOfAnyTypeIsFoundByItsIndex(t *testing.T) {
	server := startPostgres(t)
	s := postgresAt(t, server.dsn)
	keys := map[string]string{
		"uuid": "b7e7f824-3f12-47c5-bcce-7744ba4c753c", "bigint": "9000000000", "integer": "7", "text": "a'b",
		"character varying(9)": "abc", "numeric(12,2)": "7.50", "character(3)": "abc", "date": "2026-11-29",
	}
	number := 0
	for kind, id := range keys {
		number++
		name := fmt.Sprint("t", number)
		server.run(t,
			"CREATE TABLE "+name+" (id "+kind+" PRIMARY KEY, status text)",
			"INSERT INTO "+name+" VALUES ('"+strings.ReplaceAll(id, "'", "''")+"', 'new')",
		)
		table := tableIn(t, s, mapping{Target: name, Key: []string{"id"}})
		if got := table.wait(t.Context(), id, arrived, 5*time.Second); !got.Found || got.Error != "" {
			t.Errorf("%s: %+v", kind, got)
		}
		if plan := server.plan(t, table.selection([]string{"status"}, table.types["id"]), id); !strings.Contains(plan, "Index Cond") {
			t.Errorf("%s: the index is not used:\n%s", kind, plan)
		}
	}
}

// plan returns how the server executes a query when it has to avoid sequential scans, as in a large table.
func (s *postgresServer) plan(t *testing.T, query, id string) string {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close(context.Background()) }()
	if _, err := connection.Exec(t.Context(), "SET enable_seqscan = off"); err != nil {
		t.Fatal(err)
	}
	rows, _ := connection.Query(t.Context(), "EXPLAIN "+query, []string{id})
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestWhatTheSinkLacksIsTheErrorOfTheWait(t *testing.T) {
	server := startPostgres(t)
	server.run(t, "CREATE TABLE customer (id integer PRIMARY KEY, status text)")
	s := postgresAt(t, server.dsn)
	tests := map[string]struct {
		to       mapping
		id       string
		expected expectation
		want     string
	}{
		"the table": {
			mapping{Target: "public.nobody", Key: []string{"id"}}, "7", arrived,
			`postgresql: there is no table "public"."nobody"`,
		},
		"the key": {
			mapping{Target: "customer", Key: []string{"uid"}}, "7", arrived,
			`postgresql: "customer" has no column "uid"`,
		},
		"a column": {
			mapping{Target: "customer", Key: []string{"id"}}, "7", having("mail", "a"),
			`postgresql: "customer" has no column "mail"`,
		},
		"a key of that type": {
			mapping{Target: "public.customer", Key: []string{"id"}}, "seven", arrived,
			`invalid input syntax for type integer: "seven"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := tableIn(t, s, test.to).wait(t.Context(), test.id, test.expected, 200*time.Millisecond)
			if got.Found || !strings.Contains(got.Error, test.want) {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
	// A table that comes later is found: only what was found is remembered.
	server.run(t, "CREATE TABLE nobody (id integer PRIMARY KEY, status text)", "INSERT INTO nobody VALUES (7, 'new')")
	table := tableIn(t, s, mapping{Target: "public.nobody", Key: []string{"id"}})
	if got := table.wait(t.Context(), "7", arrived, 5*time.Second); !got.Found {
		t.Errorf("got %+v", got)
	}
}

func TestTLSAndThePasswordOfPostgreSQL(t *testing.T) {
	authority, other := newAuthority(t), newAuthority(t)
	ours, theirs := filepath.Join(authority.folder, "ca.pem"), filepath.Join(other.folder, "ca.pem")
	server := startPostgres(t)
	port := server.withTLS(t, authority.server(t, net.IPv4(127, 0, 0, 1)))
	passwords := filepath.Join(t.TempDir(), "passwords")
	put(t, passwords, fmt.Appendf(nil, "127.0.0.1:%d:*:%s:%s\n", port, testUser, testPassword))
	address := fmt.Sprintf("host=127.0.0.1 port=%d user=%s dbname=postgres", port, testUser)
	uri := fmt.Sprintf("postgresql://%s:%s@127.0.0.1:%d/postgres", testUser, testPassword, port)
	tests := map[string]struct {
		dsn, passfile string
		want          string
	}{
		"disable":                     {address + " sslmode=disable", passwords, "failed to receive message"},
		"require":                     {address + " sslmode=require", passwords, "encrypted"},
		"verify-full":                 {address + " sslmode=verify-full sslrootcert=" + ours, passwords, "encrypted"},
		"verify-ca":                   {address + " sslmode=verify-ca sslrootcert=" + ours, passwords, "encrypted"},
		"verify-full, another CA":     {address + " sslmode=verify-full sslrootcert=" + theirs, passwords, "unknown authority"},
		"verify-ca, another CA":       {address + " sslmode=verify-ca sslrootcert=" + theirs, passwords, "unknown authority"},
		"require, another CA":         {address + " sslmode=require sslrootcert=" + theirs, passwords, "unknown authority"},
		"a URI":                       {uri + "?sslmode=verify-full&sslrootcert=" + ours, "", "encrypted"},
		"the passfile as a parameter": {address + " sslmode=require passfile=" + passwords, "", "encrypted"},
		"no password":                 {address + " sslmode=require", filepath.Join(t.TempDir(), "none"), "password"},
		"libpq's tuning":              {address + " sslmode=require keepalives=1 keepalives_idle=30 gssencmode=disable", passwords, "encrypted"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PGPASSFILE", test.passfile)
			config, err := parsePostgresDSN(test.dsn)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			connection, err := pgx.ConnectConfig(t.Context(), config.ConnConfig)
			if err != nil {
				got = err.Error()
			} else {
				defer func() { _ = connection.Close(context.Background()) }()
				if _, ok := connection.PgConn().Conn().(*tls.Conn); ok {
					got = "encrypted"
				}
			}
			if !strings.Contains(got, test.want) || strings.Contains(got, testPassword) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

package extension

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// writing counts the writes that run in the server.
const writing = `SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'UPDATE%'`

func TestAWriteThatIsGivenUpEndsInTheServer(t *testing.T) {
	server := startPostgres(t)
	server.run(t, "CREATE TABLE customer (id text)", "INSERT INTO customer VALUES ('a')")
	other, err := pgx.Connect(t.Context(), server.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(context.Background()) }()
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE customer IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	m := newModule()
	u := newUser(t, m)
	u.set(t, "dsn", server.dsn)
	u.run(t, "const db = cdc.postgres(dsn, { maxConnections: 1 })")
	t.Cleanup(m.pools.values[poolKey{server.dsn, 1}].Close)
	u.iterate()
	went := make(chan error)
	go func() {
		_, err := u.VU.Runtime().RunString(`db.write([{ sql: "UPDATE customer SET id = 'b'" }], 1000)`)
		went <- err
	}()
	running := func() (count int) {
		if err := tx.QueryRow(t.Context(), writing).Scan(&count); err != nil {
			t.Fatal(err)
		}
		// Else the transaction would see the same statistics again.
		if _, err := tx.Exec(t.Context(), "SELECT pg_stat_clear_snapshot()"); err != nil {
			t.Fatal(err)
		}
		return count
	}
	waitFor(t, "the write", func() bool { return running() == 1 })
	if err := <-went; err == nil || !strings.Contains(err.Error(), "deadline exceeded") {
		t.Errorf("got %v", err)
	}
	waitFor(t, "the end of the write", func() bool { return running() == 0 })
}

// waitFor polls until a condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: waited for 10 s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestAStatementHasALimitInTheServer(t *testing.T) {
	server := startPostgres(t)
	for given, want := range map[string]string{"0": "5min", "1h": "5min", "7s": "7s"} {
		m := newModule()
		pool, err := m.pool(server.dsn+"?options=-c%20statement_timeout%3D"+given, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		var limit string
		if err := pool.QueryRow(t.Context(), "SHOW statement_timeout").Scan(&limit); err != nil || limit != want {
			t.Errorf("of %s, the limit is %s (%v), want %s", given, limit, err, want)
		}
	}
}

package extension

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func linesOf(t *testing.T, path string) []string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
}

// acknowledged is 2001-09-09 01:46:40.000001 UTC.
var acknowledged = time.UnixMicro(1_000_000_000_000_001)

func TestLedgerNotesEveryRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.tsv")
	l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	order := []statement{
		{Row: row{Table: "public.orders", Key: "7", Op: "c"}},
		{SQL: "SET LOCAL synchronous_commit = off"},
		{Row: row{Table: "public.order_item", Key: "8", Op: "c"}},
		{Row: row{Table: "public.customer", Key: "9", Op: "u"}},
	}
	if err := l.note(rowsOf(order, []int64{1, 0, 1, 0}), acknowledged); err != nil {
		t.Fatal(err)
	}
	// Before anything is closed: a k6 that is killed closes nothing.
	want := []string{"c\tpublic.orders\t7\t1000000000000001", "c\tpublic.order_item\t8\t1000000000000001"}
	if got := linesOf(t, path); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the ledger has %q, not %q", got, want)
	}
}

func TestLedgerKeepsAKeyInItsLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.tsv")
	l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	odd := []row{{Table: "public.a\tb", Key: "1\t2\n3\r4\\n", Op: "c"}}
	if err := l.note(odd, acknowledged); err != nil {
		t.Fatal(err)
	}
	want := `c` + "\t" + `public.a\tb` + "\t" + `1\t2\n3\r4\\n` + "\t1000000000000001"
	if got := linesOf(t, path); len(got) != 1 || got[0] != want {
		t.Errorf("the ledger has %q, not %q", got, want)
	}
}

func TestLedgerNotesWhatWasSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.tsv")
	l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.noteSeen(row{Table: "public.a\tb", Key: "7", Op: "u"}, acknowledged); err != nil {
		t.Fatal(err)
	}
	want := `s` + "\t" + `public.a\tb` + "\t7\t1000000000000001\tu"
	if got := linesOf(t, path); len(got) != 1 || got[0] != want {
		t.Errorf("the ledger has %q, not %q", got, want)
	}
}

func TestLedgerIsWrittenByManyAtOnce(t *testing.T) {
	const users, writes = 20, 50
	path := filepath.Join(t.TempDir(), "ledger.tsv")
	l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for user := range users {
		group.Go(func() {
			for write := range writes {
				key := fmt.Sprintf("%d-%d", user, write)
				update := []row{{Table: "public.customer", Key: key, Op: "u"}}
				if err := l.note(update, acknowledged); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	seen := map[string]bool{}
	for _, line := range linesOf(t, path) {
		if !strings.HasPrefix(line, "u\tpublic.customer\t") {
			t.Fatalf("a torn line: %q", line)
		}
		seen[line] = true
	}
	if len(seen) != users*writes {
		t.Errorf("%d different lines, not %d", len(seen), users*writes)
	}
}

func TestLedgerReachesGo(t *testing.T) {
	m := newModule()
	path := filepath.Join(t.TempDir(), "ledger.tsv")
	u := newUser(t, m)
	u.set(t, "path", path)
	u.run(t, `cdc.postgres("`+testDSN+`", { ledger: path }); cdc.sink({ mongodbUri: "`+testURI+`", ledger: path })`)
	if m.ledgers.values[path] == nil || len(m.ledgers.values) != 1 {
		t.Errorf("the ledgers are %v", m.ledgers.values)
	}
	var s statement
	value := u.run(t, `({ sql: "", args: [], row: { table: "public.customer", key: "7", op: "d" } })`)
	if err := u.VU.Runtime().ExportTo(value, &s); err != nil {
		t.Fatal(err)
	}
	if want := (row{Table: "public.customer", Key: "7", Op: "d"}); s.Row != want {
		t.Errorf("the statement's row is %v, not %v", s.Row, want)
	}
}

func TestLedgerThatCannotBeOpened(t *testing.T) {
	u := newUser(t, newModule())
	u.set(t, "path", filepath.Join(t.TempDir(), "nowhere", "ledger.tsv"))
	for _, call := range []string{
		`cdc.postgres("` + testDSN + `", { ledger: path })`, `cdc.sink({ mongodbUri: "` + testURI + `", ledger: path })`,
	} {
		if _, err := u.VU.Runtime().RunString(call); err == nil {
			t.Errorf("%s: there is no error", call)
		}
	}
}

// What a write pays for being noted.
func BenchmarkLedgerNote(b *testing.B) {
	l, err := openLedger(filepath.Join(b.TempDir(), "ledger.tsv"))
	if err != nil {
		b.Fatal(err)
	}
	created := []row{{Table: "public.customer", Key: "b7e7f824-3f12-47c5-bcce-7744ba4c753c", Op: "c"}}
	for b.Loop() {
		if err := l.note(created, acknowledged); err != nil {
			b.Fatal(err)
		}
	}
}

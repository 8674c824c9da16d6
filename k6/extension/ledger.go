package extension

import (
	"os"
	"strings"
	"sync"
)

// row names the row that a statement writes, for the ledger: the table, the key as text, and the operation that
// Debezium will give the event (c, u or d).
type row struct {
	Table string `js:"table"`
	Key   string `js:"key"`
	Op    string `js:"op"`
}

// escaped keeps a name or a key within its field and its line, as PostgreSQL's COPY does.
var escaped = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

// ledger is a file with a line for each row whose write PostgreSQL has acknowledged: operation, table and key,
// separated by tabs, which are escaped within them. The file is written without a buffer, one call for each
// transaction: it costs microseconds, and a k6 that is killed loses nothing.
type ledger struct {
	mu   sync.Mutex
	file *os.File
}

func openLedger(path string) (*ledger, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &ledger{file: file}, nil
}

// note adds the rows of an acknowledged transaction, given how many each statement affected; a statement that names
// no row is left out, and so is one that found none to change.
func (l *ledger) note(statements []statement, affected []int64) error {
	var lines strings.Builder
	for index, s := range statements {
		if s.Row.Table != "" && affected[index] > 0 {
			lines.WriteString(s.Row.Op + "\t" + escaped.Replace(s.Row.Table) + "\t" + escaped.Replace(s.Row.Key) + "\n")
		}
	}
	if lines.Len() == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.file.WriteString(lines.String())
	return err
}

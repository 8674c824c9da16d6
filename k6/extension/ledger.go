package extension

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
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

// ledger is a file of lines whose fields are separated by tabs, which are escaped within them. Times are microseconds
// since the epoch on the generator's clock. There are two kinds of lines:
//
//	operation  table  key  time             for each row whose write PostgreSQL has acknowledged, at that time
//	s          table  key  time  operation  for each wait that succeeded: when the answer came that showed the
//	                                        operation's change in the sink
//
// The file is written without a buffer, one call for each transaction and each wait: it costs microseconds, and a k6
// that is killed loses nothing.
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

// note adds the rows of a transaction that was acknowledged at a time.
func (l *ledger) note(rows []row, at time.Time) error {
	var lines strings.Builder
	for _, r := range rows {
		lines.WriteString(line(r.Op, r.Table, r.Key, microseconds(at)))
	}
	if lines.Len() == 0 {
		return nil
	}
	return l.write(lines.String())
}

// noteSeen adds that a change of a row was seen in the sink at a time.
func (l *ledger) noteSeen(seen row, at time.Time) error {
	return l.write(line("s", seen.Table, seen.Key, microseconds(at), seen.Op))
}

func (l *ledger) write(lines string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.file.WriteString(lines)
	return err
}

func line(fields ...string) string {
	for index, field := range fields {
		fields[index] = escaped.Replace(field)
	}
	return strings.Join(fields, "\t") + "\n"
}

func microseconds(at time.Time) string {
	return strconv.FormatInt(at.UnixMicro(), 10)
}

package extension

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresSink is a PostgreSQL database. A row that is deleted is absent.
type postgresSink struct {
	pool     *pool
	interval time.Duration
	tables   shared[tableKey, *postgresTable]
}

type tableKey struct{ table, key string }

func (m *module) newPostgresSink(given sinkOptions, interval time.Duration) (*postgresSink, error) {
	shared, err := m.pool(given.SinkDSN, given.MaxConnections)
	if err != nil {
		return nil, err
	}
	return &postgresSink{pool: shared, interval: interval}, nil
}

func (s *postgresSink) ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("postgresql: %w", err)
	}
	return nil
}

func (s *postgresSink) target(to mapping) (target, error) {
	name, err := parseTableName(to.Target)
	if err != nil {
		return nil, err
	}
	key := to.keyInSink()
	if len(key) != 1 {
		return nil, fmt.Errorf(
			"postgresql: %s has a key of %d columns; the load generator can wait for one", to.Target, len(key),
		)
	}
	return s.tables.get(tableKey{name.Sanitize(), key[0]}, func() (*postgresTable, error) {
		t := &postgresTable{database: s.pool, name: name.Sanitize(), key: key[0]}
		t.poller = newPoller(t.findAll, s.interval)
		return t, nil
	})
}

// querier is what this file needs of a connection pool.
type querier interface {
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
}

// postgresTable is a table whose rows are found by one key column. Values are PostgreSQL's text of them.
type postgresTable struct {
	*poller
	database querier
	// name is quoted.
	name string
	key  string

	mu sync.Mutex
	// types has the SQL name of each column's type by the column's name; nil: not looked up yet.
	types map[string]string
}

// columnTypes looks the table's columns up in the catalog, once. With a modifier of -1, format_type names the type
// itself and not an abbreviation of char(1): https://www.postgresql.org/docs/current/functions-info.html
const columnTypes = `SELECT attname::text, format_type(atttypid, -1) FROM pg_attribute
	WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`

func (t *postgresTable) columns(ctx context.Context) (map[string]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.types != nil {
		return t.types, nil
	}
	// An error of Query is carried by rows and returned by CollectRows.
	rows, _ := t.database.Query(ctx, columnTypes, t.name)
	types := map[string]string{}
	var column, kind string
	if _, err := pgx.ForEachRow(rows, []any{&column, &kind}, func() error {
		types[column] = kind
		return nil
	}); err != nil {
		return nil, fmt.Errorf("postgresql: %w", err)
	}
	if len(types) == 0 {
		return nil, fmt.Errorf("postgresql: there is no table %s", t.name)
	}
	if _, ok := types[t.key]; !ok {
		return nil, t.lacks(t.key)
	}
	t.types = types
	return types, nil
}

func (t *postgresTable) lacks(column string) error {
	return fmt.Errorf("postgresql: %s has no column %s", t.name, pgx.Identifier{column}.Sanitize())
}

func (t *postgresTable) find(ctx context.Context, id string) (document, error) {
	types, err := t.columns(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]string, 0, len(types))
	for column := range types {
		all = append(all, column)
	}
	slices.Sort(all)
	found, err := t.findAll(ctx, []string{id}, all)
	return found[id], err
}

// findAll is the finder that the table's poller asks.
func (t *postgresTable) findAll(ctx context.Context, ids, columns []string) (map[string]document, error) {
	types, err := t.columns(ctx)
	if err != nil {
		return nil, err
	}
	for _, column := range columns {
		if _, ok := types[column]; !ok {
			return nil, t.lacks(column)
		}
	}
	rows, _ := t.database.Query(ctx, t.selection(columns, types[t.key]), ids)
	found := map[string]document{}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		values, err := row.Values()
		if err != nil {
			return struct{}{}, err
		}
		id, ok := values[0].(string)
		if !ok {
			return struct{}{}, errors.New("a key is not text")
		}
		doc := make(document, len(columns))
		for index, column := range columns {
			doc[column] = values[index+1]
		}
		found[id] = doc
		return struct{}{}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgresql: %w", err)
	}
	return found, nil
}

// selection returns the query for rows by their keys. The keys are converted to the column's type, not the column to
// text, so that the index of the primary key is used.
func (t *postgresTable) selection(columns []string, keyType string) string {
	key := pgx.Identifier{t.key}.Sanitize()
	var sql strings.Builder
	sql.WriteString("SELECT " + key + "::text")
	for _, column := range columns {
		sql.WriteString(", " + pgx.Identifier{column}.Sanitize() + "::text")
	}
	sql.WriteString(" FROM " + t.name + " WHERE " + key + " = ANY($1::text[]::" + keyType + "[])")
	return sql.String()
}

// parseTableName parses `schema.table` or `table`, quoted as in SQL; nothing is folded to lower case.
func parseTableName(text string) (pgx.Identifier, error) {
	var name pgx.Identifier
	rest := text
	for {
		part, after, ok := cutIdentifier(rest)
		if !ok {
			return nil, fmt.Errorf("tables: %q is not a table name such as public.customer", text)
		}
		name = append(name, part)
		if after == "" {
			break
		}
		if after[0] != '.' {
			return nil, fmt.Errorf("tables: %q is not a table name such as public.customer", text)
		}
		rest = after[1:]
	}
	if len(name) > 2 {
		return nil, fmt.Errorf("tables: %q has more parts than schema and table", text)
	}
	return name, nil
}

// cutIdentifier returns the identifier that the text begins with, and what follows it.
func cutIdentifier(text string) (identifier, after string, ok bool) {
	quoted, ok := strings.CutPrefix(text, `"`)
	if !ok {
		end := strings.IndexAny(text, `."`)
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], end > 0
	}
	var unquoted strings.Builder
	for {
		inside, outside, closed := strings.Cut(quoted, `"`)
		unquoted.WriteString(inside)
		if !closed {
			return "", "", false
		}
		quoted, closed = strings.CutPrefix(outside, `"`)
		if !closed {
			return unquoted.String(), outside, unquoted.Len() > 0
		}
		unquoted.WriteByte('"')
	}
}

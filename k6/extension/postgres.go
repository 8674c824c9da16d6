package extension

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.k6.io/k6/js/modules"
)

// defaultMaxConnections bounds a pool whose size is not given.
const defaultMaxConnections = 50

// statementLimit bounds a statement in the server. A call has its own time-out, after which pgx cancels the statement;
// without a limit, one that waits for a lock would stay after k6 was killed.
const statementLimit = 5 * time.Minute

// limitSQL sets the limit, except if the role, the database, or the server has a stricter one.
const limitSQL = `SELECT set_config(name, $1::bigint::text, false) FROM pg_settings
WHERE name = 'statement_timeout' AND NOT reset_val::bigint BETWEEN 1 AND $1::bigint`

type postgresOptions struct {
	MaxConnections int32 `js:"maxConnections"`
	// Ledger is the path of a file in which acknowledged writes are noted; empty: nobody wants to know.
	Ledger string `js:"ledger"`
}

type poolKey struct {
	dsn            string
	maxConnections int32
}

type pool = pgxpool.Pool

// postgres is a PostgreSQL database as one virtual user sees it.
type postgres struct {
	vu      modules.VU
	pool    *pool
	ledger  *ledger
	reports *reports
}

// statement is one SQL statement with its parameters ($1, $2, ...), and the row that it writes.
type statement struct {
	SQL  string `js:"sql"`
	Args []any  `js:"args"`
	Row  row    `js:"row"`
}

// postgres returns the database behind a DSN. Connections are made as they are needed and shared by all virtual
// users; waiting for a free one is part of the time that a statement takes.
func (i *instance) postgres(dsn string, options postgresOptions) (*postgres, error) {
	if options.MaxConnections <= 0 {
		options.MaxConnections = defaultMaxConnections
	}
	shared, err := i.pool(dsn, options.MaxConnections)
	if err != nil {
		return nil, err
	}
	p := &postgres{vu: i.vu, pool: shared, reports: i.reports}
	if path := options.Ledger; path != "" {
		p.ledger, err = i.openLedger(path)
	}
	return p, err
}

// openLedger returns the ledger at a path; that of the writes and that of the waits are one file.
func (m *module) openLedger(path string) (*ledger, error) {
	return m.ledgers.get(path, func() (*ledger, error) { return openLedger(path) })
}

// warnOfLedger logs a failure to write the ledger, if there was one, in moderation.
func warnOfLedger(vu modules.VU, reports *reports, err error) {
	if err != nil && reports.firstFew("ledger", err.Error()) {
		vu.State().Logger.WithField("kind", "ledger").Warn(err)
	}
}

// pool returns the connection pool of a DSN and a size; there is one for the source and a sink with the same DSN.
func (m *module) pool(dsn string, maxConnections int32) (*pool, error) {
	return m.pools.get(poolKey{dsn, maxConnections}, func() (*pool, error) {
		config, err := parsePostgresDSN(dsn)
		if err != nil {
			return nil, fmt.Errorf("postgresql: %w", err)
		}
		config.MaxConns = maxConnections
		config.ConnConfig.ConnectTimeout = connectTimeout
		config.AfterConnect = limitStatements
		return pgxpool.NewWithConfig(context.Background(), config)
	})
}

// limitStatements bounds the statements of a new connection.
func limitStatements(ctx context.Context, connection *pgx.Conn) error {
	_, err := connection.Exec(ctx, limitSQL, statementLimit.Milliseconds())
	return err
}

// Write executes the statements in one transaction and returns how many rows each of them affected.
func (p *postgres) Write(statements []statement, timeoutMs float64) ([]int64, error) {
	ctx, cancel, err := deadline(p.vu, timeoutMs)
	if err != nil {
		return nil, err
	}
	defer cancel()
	affected := make([]int64, 0, len(statements))
	execute := func(on executor) error {
		for _, s := range statements {
			tag, err := on.Exec(ctx, s.SQL, s.Args...)
			if err != nil {
				return err
			}
			affected = append(affected, tag.RowsAffected())
		}
		return nil
	}
	if len(statements) == 1 {
		// A single statement is a transaction of its own: no BEGIN and COMMIT to wait for.
		err = execute(p.pool)
	} else {
		err = pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error { return execute(tx) })
	}
	acknowledged := time.Now()
	if err != nil {
		return nil, fmt.Errorf("postgresql: %w", err)
	}
	if p.ledger != nil {
		// The row is written all the same: what the ledger lacks is found by counting, not by failing writes.
		warnOfLedger(p.vu, p.reports, p.ledger.note(rowsOf(statements, affected), acknowledged))
	}
	return affected, nil
}

// rowsOf returns the rows that statements have written, given how many each affected; a statement that names no row is
// left out, and so is one that found none to change.
func rowsOf(statements []statement, affected []int64) []row {
	rows := make([]row, 0, len(statements))
	for index, s := range statements {
		if s.Row.Table != "" && affected[index] > 0 {
			rows = append(rows, s.Row)
		}
	}
	return rows
}

// Query returns the rows of a query as objects, by column name.
func (p *postgres) Query(s statement, timeoutMs float64) ([]map[string]any, error) {
	ctx, cancel, err := deadline(p.vu, timeoutMs)
	if err != nil {
		return nil, err
	}
	defer cancel()
	// An error of Query is carried by rows and returned by CollectRows.
	rows, _ := p.pool.Query(ctx, s.SQL, s.Args...)
	found, err := pgx.CollectRows(rows, pgx.RowToMap)
	if err != nil {
		return nil, fmt.Errorf("postgresql: %w", err)
	}
	return found, nil
}

// executor is what a pool and a transaction have in common.
type executor interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
}

package extension

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// trialSamples is how often a trial makes each change: a value that breaks a constraint may be rare.
const trialSamples = 20

// trial makes the changes of a workload in a transaction that is rolled back.
type trial struct {
	workload *workload
	tx       pgx.Tx
	faults   []string
}

// Try makes each change trialSamples times, in a transaction that is rolled back, and returns what PostgreSQL refuses: a line
// for each change, in PostgreSQL's words. Only sequences keep the numbers that they gave.
func (w *workload) Try(timeoutMs float64) ([]string, error) {
	ctx, cancel, err := deadline(w.vu, timeoutMs)
	if err != nil {
		return nil, err
	}
	defer cancel()
	if err := w.plan.prepare(ctx, w.database.pool); err != nil {
		return nil, err
	}
	tx, err := w.database.pool.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("postgresql: %w", err)
	}
	// The connection is closed if the rollback fails, which rolls back too.
	defer func() { _ = tx.Rollback(ctx) }()
	// A deferred constraint would be checked at the end, which never comes.
	if _, err := tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return nil, fmt.Errorf("postgresql: %w", err)
	}
	// No virtual user has the number 0.
	random := rand.New(rand.NewPCG(w.plan.seed, 0))
	own := &workload{vu: w.vu, plan: w.plan, database: w.database, own: ownRows{}, random: random}
	t := &trial{workload: own, tx: tx}
	t.insertAll(ctx)
	for _, change := range w.plan.changes {
		if change.SQL != "" || change.Operation != insertOperation {
			t.sample(ctx, change, t.changeRow)
		}
	}
	return append([]string{}, t.faults...), ctx.Err()
}

// insertAll makes rows of every table with a change, parents first.
func (t *trial) insertAll(ctx context.Context) {
	done := map[*workloadTable]bool{}
	var visit, visitParents func(table *workloadTable)
	visit = func(table *workloadTable) {
		if done[table] {
			return
		}
		done[table] = true
		inserts := t.inserts(table)
		for _, insert := range inserts {
			for _, children := range insert.with {
				visitParents(children.table)
			}
		}
		visitParents(table)
		for _, insert := range inserts {
			t.sample(ctx, insert, t.insertRow)
		}
	}
	visitParents = func(table *workloadTable) {
		for _, r := range table.references {
			if !r.Existing {
				visit(r.parent)
			}
		}
	}
	for _, change := range t.workload.plan.changes {
		visit(change.table)
	}
}

// inserts returns the inserts of a table that are no custom statements: those of the workload or, if it has none of any
// kind, the one by which a virtual user makes the rows that other changes need.
func (t *trial) inserts(table *workloadTable) []*workloadChange {
	var found []*workloadChange
	isInserted := false
	for _, change := range t.workload.plan.changes {
		if change.table == table && change.Operation == insertOperation {
			isInserted = true
			if change.SQL == "" {
				found = append(found, change)
			}
		}
	}
	if !isInserted {
		found = append(found, table.inserts)
	}
	return found
}

// sample makes a change trialSamples times, or until it fails.
func (t *trial) sample(ctx context.Context, change *workloadChange, once func(context.Context, pgx.Tx, *workloadRun) error) {
	for range trialSamples {
		err := pgx.BeginFunc(ctx, t.tx, func(savepoint pgx.Tx) error {
			return once(ctx, savepoint, &workloadRun{workload: t.workload, change: change})
		})
		if err == nil {
			continue
		}
		// The fault of the parent is enough.
		if !errors.Is(err, errNoParent) || len(t.faults) == 0 {
			t.faults = append(t.faults, fmt.Sprintf("%s of %s: %s", change.Name, change.table.name, refusal(err)))
		}
		return
	}
}

func (t *trial) insertRow(ctx context.Context, tx pgx.Tx, run *workloadRun) error {
	made, err := run.newRow(run.change.table, nil)
	if err != nil {
		return err
	}
	rows, err := insertAll(ctx, tx, []*newRow{made})
	if err != nil {
		return err
	}
	if len(run.change.with) > 0 {
		if _, err := run.insertChildren(ctx, tx, rows); err != nil {
			return err
		}
	}
	t.workload.own.add(rows[0])
	return nil
}

// changeRow makes an update, a delete, or a custom statement.
func (t *trial) changeRow(ctx context.Context, tx pgx.Tx, run *workloadRun) error {
	change := run.change
	var chosen *ownRow
	if change.Operation != insertOperation {
		if chosen = t.workload.choose(change); chosen == nil {
			// Its insert has failed, or all rows are deleted.
			return nil
		}
	}
	switch {
	case change.SQL != "":
		_, err := tx.Exec(ctx, change.SQL, run.args(chosen)...)
		return err
	case change.Operation == updateOperation:
		args, ok := run.updateArgs(chosen)
		if !ok {
			// The values equal those of the row: the load draws others.
			return nil
		}
		_, err := tx.Exec(ctx, chosen.table.updateSQL, append(args, chosen.keyArgs()...)...)
		return err
	default:
		if _, err := tx.Exec(ctx, chosen.table.deleteSQL, chosen.keyArgs()...); err != nil {
			return err
		}
		t.workload.own.forget(chosen)
		return nil
	}
}

// refusal returns PostgreSQL's words in one line.
func refusal(err error) string {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return strings.Join(strings.Fields(err.Error()), " ")
	}
	words := refused.Message
	if refused.Detail != "" {
		words += ": " + refused.Detail
	}
	return strings.Join(strings.Fields(words), " ")
}

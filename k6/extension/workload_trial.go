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

// trialRounds bounds how often a statement without an effect is tried trialSamples times.
const trialRounds = 5

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
	// Deletes are last: they leave no rows for the others.
	for _, each := range []operation{insertOperation, updateOperation, deleteOperation} {
		t.changeAll(ctx, each)
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

// changeAll makes the changes of one operation, except the inserts that are no custom statements.
func (t *trial) changeAll(ctx context.Context, made operation) {
	var statements []*workloadChange
	for _, change := range t.workload.plan.changes {
		switch {
		case change.Operation != made:
		case change.SQL == "" && made != insertOperation:
			t.sample(ctx, change, t.changeRow)
		case change.SQL != "" && made == insertOperation:
			t.sample(ctx, change, t.executeInsert)
		case change.SQL != "":
			statements = append(statements, change)
		}
	}
	t.executeAll(ctx, statements)
}

// executeAll runs statements on rows. What a statement needs may be rare, or what another one does: those without an
// effect are run again, on new rows too.
func (t *trial) executeAll(ctx context.Context, statements []*workloadChange) {
	hasRun := map[*workloadChange]bool{}
	for round := range trialRounds {
		var idle []*workloadChange
		for _, change := range statements {
			if round > 0 && len(t.faults) == 0 {
				for _, insert := range t.inserts(change.table) {
					t.sample(ctx, insert, t.insertRow)
				}
			}
			hasEffect, before := false, len(t.faults)
			t.sample(ctx, change, func(ctx context.Context, tx pgx.Tx, run *workloadRun) error {
				chosen := t.workload.choose(change)
				if chosen == nil {
					return nil
				}
				hasRun[change] = true
				err := t.execute(ctx, tx, run, chosen)
				if errors.Is(err, errUnseen) {
					chosen.spend(change)
				}
				hasEffect = hasEffect || err == nil
				return err
			})
			if !hasEffect && len(t.faults) == before {
				idle = append(idle, change)
			}
		}
		statements = idle
	}
	for _, change := range statements {
		// Without a row, an insert has failed.
		if hasRun[change] {
			t.add(change, errUnseen)
		}
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

// sample makes a change trialSamples times, or until it fails. A statement that the sink would not show is undone.
func (t *trial) sample(ctx context.Context, change *workloadChange, once func(context.Context, pgx.Tx, *workloadRun) error) {
	for range trialSamples {
		err := pgx.BeginFunc(ctx, t.tx, func(savepoint pgx.Tx) error {
			return once(ctx, savepoint, &workloadRun{workload: t.workload, change: change})
		})
		if err == nil || errors.Is(err, errUnseen) {
			continue
		}
		// The fault of the parent is enough.
		if !errors.Is(err, errNoParent) || len(t.faults) == 0 {
			t.add(change, err)
		}
		return
	}
}

func (t *trial) add(change *workloadChange, err error) {
	t.faults = append(t.faults, fmt.Sprintf("%s of %s: %s", change.Name, change.table.name, refusal(err)))
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

// changeRow makes an update or a delete.
func (t *trial) changeRow(ctx context.Context, tx pgx.Tx, run *workloadRun) error {
	change := run.change
	chosen := t.workload.choose(change)
	if chosen == nil {
		// Its insert has failed, or all rows are deleted.
		return nil
	}
	if change.Operation == updateOperation {
		args, ok := run.updateArgs(chosen)
		if !ok {
			// The values equal those of the row: the load draws others.
			return nil
		}
		answer, _ := tx.Query(ctx, chosen.table.updateSQL, append(args, chosen.keyArgs()...)...)
		returned, err := pgx.CollectExactlyOneRow(answer, texts)
		if err == nil {
			chosen.values = ownRowOf(chosen.table, returned).values
		}
		return err
	}
	tag, err := tx.Exec(ctx, chosen.table.deleteSQL, chosen.keyArgs()...)
	if err != nil {
		return err
	}
	if tag.RowsAffected() != 1 {
		return pgx.ErrNoRows
	}
	t.workload.own.forget(chosen)
	return nil
}

func (t *trial) executeInsert(ctx context.Context, tx pgx.Tx, run *workloadRun) error {
	made, err := run.inserted(ctx, tx)
	if err == nil {
		t.workload.own.add(made)
	}
	return err
}

// execute runs a statement on a row, and notes its effect.
func (t *trial) execute(ctx context.Context, tx pgx.Tx, run *workloadRun, chosen *ownRow) error {
	now, _, err := run.effect(ctx, tx, chosen)
	if err != nil {
		return err
	}
	if now == nil {
		t.workload.own.forget(chosen)
		return nil
	}
	chosen.values, chosen.spent = now.values, nil
	return nil
}

// refusal returns PostgreSQL's words in one line.
func refusal(err error) string {
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "it changes no row"
	case errors.Is(err, pgx.ErrTooManyRows):
		return "it changes more than one row"
	}
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

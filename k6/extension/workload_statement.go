package extension

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// errUnseen ends the transaction of a statement that changed nothing that the sink shows.
var errUnseen = errors.New("the statement changed nothing that the sink shows")

// execute runs the statement of a change. If it changes nothing of a row that the sink shows, it is undone, and another
// row is tried; if there is none, a row is inserted instead.
func (r *workloadRun) execute(ctx context.Context) error {
	if r.change.Operation == insertOperation {
		return r.executeInsert(ctx)
	}
	for range maxTries {
		chosen := r.workload.choose(r.change)
		if chosen == nil {
			return r.insertInstead(ctx)
		}
		err := r.executeOn(ctx, chosen)
		if !errors.Is(err, errUnseen) {
			return err
		}
		chosen.spend(r.change)
	}
	return errUnseen
}

// insertInstead makes the row that the statement lacks.
func (r *workloadRun) insertInstead(ctx context.Context) error {
	insert := r.change.table.inserts
	if r.workload.lacks(insert) != nil {
		return errUnseen
	}
	r.change, r.Operation, r.Deleted = insert, insert.Name, false
	return r.insert(ctx)
}

func (r *workloadRun) executeOn(ctx context.Context, chosen *ownRow) error {
	now := chosen
	var changed []string
	err := pgx.BeginFunc(ctx, r.workload.database.pool, func(tx pgx.Tx) (err error) {
		now, changed, err = r.effect(ctx, tx, chosen)
		return err
	})
	if errors.Is(err, errUnseen) {
		return err
	}
	if err != nil {
		return r.failed(err, chosen)
	}
	r.written(chosen)
	r.awaited = []*ownRow{chosen}
	if r.Deleted {
		r.workload.own.forget(chosen)
		return nil
	}
	r.expected = changed
	chosen.values, chosen.spent = now.values, nil
	if r.change.isConstant {
		chosen.spend(r.change)
	}
	return nil
}

// effect runs the statement on a row, and returns the row as it is now, and the columns that show the change.
func (r *workloadRun) effect(ctx context.Context, tx pgx.Tx, chosen *ownRow) (now *ownRow, changed []string, err error) {
	if _, err := tx.Exec(ctx, r.change.SQL, r.args(chosen)...); err != nil {
		return nil, nil, err
	}
	if now, err = chosen.read(ctx, tx); err != nil {
		return nil, nil, err
	}
	if (r.change.Operation == deleteOperation) != (now == nil) {
		return nil, nil, errUnseen
	}
	if now != nil {
		if changed = differing(chosen, now, chosen.table.Recognized); len(changed) == 0 {
			return nil, nil, errUnseen
		}
	}
	return now, changed, nil
}

// executeInsert runs a statement that returns the key of the row that it makes.
func (r *workloadRun) executeInsert(ctx context.Context) error {
	var made *ownRow
	err := pgx.BeginFunc(ctx, r.workload.database.pool, func(tx pgx.Tx) (err error) {
		made, err = r.inserted(ctx, tx)
		return err
	})
	if err != nil {
		return r.failed(err)
	}
	r.written(made)
	r.awaited, r.expected, r.Inserted = []*ownRow{made}, made.table.Recognized, 1
	return nil
}

// inserted runs the statement, and returns the row that it makes.
func (r *workloadRun) inserted(ctx context.Context, tx pgx.Tx) (*ownRow, error) {
	t := r.change.table
	// As text, whatever the types.
	answer, _ := tx.Query(ctx, r.change.SQL, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, r.args(nil)...)...)
	key, err := pgx.CollectExactlyOneRow(answer, func(row pgx.CollectableRow) ([]string, error) {
		var values []string
		for _, raw := range row.RawValues() {
			values = append(values, string(raw))
		}
		return values, nil
	})
	if err != nil {
		return nil, err
	}
	if len(key) != len(t.Key) {
		return nil, fmt.Errorf("the statement returns %d columns, not the key's %d", len(key), len(t.Key))
	}
	partial := &ownRow{table: t, values: make([]*string, len(t.kept))}
	for i, name := range t.Key {
		at, _ := slices.BinarySearch(t.kept, name)
		partial.values[at] = &key[i]
	}
	made, err := partial.read(ctx, tx)
	if err == nil && made == nil {
		err = errors.New("the statement returns the key of a row that does not exist")
	}
	return made, err
}

// args returns the parameters of a statement on a row.
func (r *workloadRun) args(chosen *ownRow) []any {
	args := make([]any, 0, len(r.change.parameters))
	for _, parameter := range r.change.parameters {
		if parameter.generate != nil {
			args = append(args, parameter.generate(r.workload.random))
		} else {
			args = append(args, chosen.value(parameter.key))
		}
	}
	return args
}

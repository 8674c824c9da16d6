package extension

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// workloadRun is one change, from the write to the wait and the read of the row in the sink.
type workloadRun struct {
	Operation string `js:"operation"`
	Table     string `js:"table"`
	// Deleted says that the row must be absent in the end.
	Deleted bool `js:"deleted"`
	// Inserted is the number of rows that the write has made.
	Inserted int `js:"inserted"`

	workload *workload
	change   *workloadChange
	target   *userTable
	// awaited are the rows to wait for, of which the last is read back. In the sink they must have the values of the
	// columns in expected.
	awaited  []*ownRow
	expected []string
}

// Write makes the change in one transaction.
func (r *workloadRun) Write(timeoutMs float64) error {
	ctx, cancel, err := deadline(r.workload.vu, timeoutMs)
	if err != nil {
		return err
	}
	defer cancel()
	if err := r.workload.plan.prepare(ctx, r.workload.database.pool); err != nil {
		return err
	}
	switch {
	case r.change.SQL != "":
		err = r.execute(ctx)
	case r.change.Operation == insertOperation:
		err = r.insert(ctx)
	case r.change.Operation == updateOperation:
		err = r.update(ctx)
	default:
		err = r.delete(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s of %s: %w", r.Operation, r.Table, err)
	}
	return nil
}

// Wait waits until the rows are as written. As of a wait of a table, a time-out is an outcome in the result.
func (r *workloadRun) Wait(timeoutMs float64) (*waitResult, error) {
	results := make([]*waitResult, len(r.awaited))
	errs := make([]error, len(r.awaited))
	var waits sync.WaitGroup
	for i, row := range r.awaited[1:] {
		waits.Go(func() { results[i+1], errs[i+1] = r.wait(row, timeoutMs) })
	}
	results[0], errs[0] = r.wait(r.awaited[0], timeoutMs)
	waits.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	all := *results[0]
	for _, result := range results[1:] {
		all.Found = all.Found && result.Found
		all.DurationMs = max(all.DurationMs, result.DurationMs)
		all.Attempts += result.Attempts
		if all.Error == "" {
			all.Error = result.Error
		}
	}
	if all.Found && r.change.Operation == insertOperation {
		for _, row := range r.awaited {
			r.workload.own.add(row)
		}
	}
	return &all, nil
}

func (r *workloadRun) wait(row *ownRow, timeoutMs float64) (*waitResult, error) {
	return r.target.Wait(row.id, waitOptions{
		Fields: r.fields(row), Deleted: r.Deleted, Timeout: timeoutMs, Op: r.change.Operation.debeziumOp(),
	})
}

// Holds reads the last row and reports whether it is as written.
func (r *workloadRun) Holds(timeoutMs float64) (bool, error) {
	row := r.awaited[len(r.awaited)-1]
	return r.target.Holds(row.id, waitOptions{Fields: r.fields(row), Deleted: r.Deleted, Timeout: timeoutMs})
}

func (r *workloadRun) fields(row *ownRow) map[string]*string {
	fields := make(map[string]*string, len(r.expected))
	for _, name := range r.expected {
		fields[name] = row.value(name)
	}
	return fields
}

// written notes rows that PostgreSQL has acknowledged just now.
func (r *workloadRun) written(rows ...*ownRow) {
	ledger := r.workload.database.ledger
	if ledger == nil {
		return
	}
	at := time.Now()
	noted := make([]row, 0, len(rows))
	for _, each := range rows {
		noted = append(noted, row{Table: each.table.name, Key: each.id, Op: r.change.Operation.debeziumOp()})
	}
	warnOfLedger(r.workload.vu, r.workload.database.reports, ledger.note(noted, at))
}

// failed forgets rows if it is unknown whether the write was made: only PostgreSQL's own error says that it was not.
func (r *workloadRun) failed(err error, rows ...*ownRow) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		for _, row := range rows {
			r.workload.own.forget(row)
		}
	}
	return fmt.Errorf("postgresql: %w", err)
}

// newRow is a row to insert.
type newRow struct {
	table *workloadTable
	args  []any
	// parents are the virtual user's own; cascades says whether the row is deleted with each.
	parents  []*ownRow
	cascades []bool
}

// errNoParent is an error of a row whose parents do not agree in the columns that they share, or do not exist.
var errNoParent = errors.New("no row to refer to")

// newRow draws a row, whose parents agree. Its reference to the given parent, if there is one, is the first to that
// table.
func (r *workloadRun) newRow(t *workloadTable, parent *ownRow) (made *newRow, err error) {
	for range maxTries {
		if made, err = r.drawRow(t, parent); !errors.Is(err, errNoParent) {
			break
		}
	}
	return made, err
}

func (r *workloadRun) drawRow(t *workloadTable, parent *ownRow) (*newRow, error) {
	made := &newRow{table: t}
	assigned := map[string]*string{}
	references := slices.Clone(t.references)
	if parent != nil {
		// The others must agree with it.
		slices.SortStableFunc(references, func(a, b *workloadReference) int {
			return isTo(b, parent.table) - isTo(a, parent.table)
		})
	}
	for _, reference := range references {
		values, chosen, err := r.parentValues(t, reference, parent, assigned)
		if err != nil {
			return nil, err
		}
		if chosen != nil {
			made.parents = append(made.parents, chosen)
			made.cascades = append(made.cascades, reference.Cascades)
			if chosen == parent {
				parent = nil
			}
		}
		for i, name := range reference.Columns {
			if values != nil {
				assigned[name] = values[i]
			}
		}
	}
	for _, column := range t.columns {
		if column.expression != "" {
			continue
		}
		value, isAssigned := assigned[column.name]
		if !isAssigned {
			value = column.draw(r.workload)
		}
		made.args = append(made.args, value)
	}
	return made, nil
}

func isTo(r *workloadReference, t *workloadTable) int {
	if r.parent == t {
		return 1
	}
	return 0
}

// draw returns a new value; nil: null.
func (c *workloadColumn) draw(w *workload) *string {
	if c.generate == nil || c.nulls > 0 && w.random.Float64() < c.nulls {
		return nil
	}
	value := c.generate(w.random)
	return &value
}

// parentValues returns the values of the row that a reference refers to, and the row if it is the virtual user's own;
// no values: it refers to none. Columns that another reference has written must agree.
func (r *workloadRun) parentValues(
	child *workloadTable, reference *workloadReference, given *ownRow, assigned map[string]*string,
) ([]*string, *ownRow, error) {
	agrees := func(values []*string) bool {
		for i, name := range reference.Columns {
			before, ok := assigned[name]
			if ok && (before == nil || values[i] == nil || *before != *values[i]) {
				return false
			}
		}
		return true
	}
	if given != nil && given.table == reference.parent {
		return given.valuesOf(reference.To), given, nil
	}
	random := r.workload.random
	if !reference.Existing {
		usable := func(row *ownRow) bool { return !reference.isShared || agrees(row.valuesOf(reference.To)) }
		if chosen := r.workload.own.choose(random, reference.parent, uniformKeys, usable); chosen != nil {
			return chosen.valuesOf(reference.To), chosen, nil
		}
	}
	existing := reference.existing
	if reference.isShared {
		existing = slices.DeleteFunc(slices.Clone(existing), func(values []*string) bool { return !agrees(values) })
	}
	if len(existing) > 0 {
		return existing[random.IntN(len(existing))], nil, nil
	}
	if reference.Nullable {
		return nil, nil, nil
	}
	return nil, nil, fmt.Errorf("%w: a row of %s needs one of %s", errNoParent, child.name, reference.Table)
}

// own is the row as PostgreSQL has returned it.
func (n *newRow) own(returned []*string) *ownRow {
	made := ownRowOf(n.table, returned)
	for i, parent := range n.parents {
		made.follow(parent, n.cascades[i])
	}
	return made
}

// ownRowOf returns the row in what a statement returned: its id, and the columns that are kept.
func ownRowOf(t *workloadTable, returned []*string) *ownRow {
	return &ownRow{table: t, id: *returned[0], values: returned[1:]}
}

// insert writes the rows of the change, and their children.
func (r *workloadRun) insert(ctx context.Context) error {
	r.expected = r.change.table.Recognized
	rows := make([]*newRow, 0, max(1, r.change.Rows))
	for range cap(rows) {
		made, err := r.newRow(r.change.table, nil)
		if err != nil {
			return err
		}
		rows = append(rows, made)
	}
	var parents, children []*ownRow
	write := func(on batcher) (err error) {
		if parents, err = insertAll(ctx, on, rows); err != nil || len(r.change.with) == 0 {
			return err
		}
		children, err = r.insertChildren(ctx, on, parents)
		return err
	}
	var err error
	if len(rows) == 1 && len(r.change.with) == 0 {
		// A single statement is a transaction of its own: no BEGIN and COMMIT to wait for.
		err = write(r.workload.database.pool)
	} else {
		err = pgx.BeginFunc(ctx, r.workload.database.pool, func(tx pgx.Tx) error { return write(tx) })
	}
	if err != nil {
		var referred []*ownRow
		for _, made := range rows {
			referred = append(referred, made.parents...)
		}
		return r.failed(err, referred...)
	}
	r.written(append(slices.Clone(parents), children...)...)
	r.awaited = parents
	r.Inserted = len(parents) + len(children)
	return nil
}

// insertChildren writes the children of rows, and reads the rows again: triggers may have changed them.
func (r *workloadRun) insertChildren(ctx context.Context, on batcher, parents []*ownRow) ([]*ownRow, error) {
	var rows []*newRow
	for _, parent := range parents {
		for _, children := range r.change.with {
			for range children.rows {
				made, err := r.newRow(children.table, parent)
				if err != nil {
					return nil, err
				}
				rows = append(rows, made)
			}
		}
	}
	written, err := insertAll(ctx, on, rows)
	if err != nil {
		return nil, err
	}
	for _, parent := range parents {
		if err := parent.readAgain(ctx, on); err != nil {
			return nil, err
		}
	}
	return written, nil
}

// batcher is what a pool and a transaction have in common.
type batcher interface {
	querier
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

func insertAll(ctx context.Context, on batcher, rows []*newRow) ([]*ownRow, error) {
	if len(rows) == 1 {
		// An error of Query is carried by rows and returned by CollectExactlyOneRow.
		answer, _ := on.Query(ctx, rows[0].table.insertSQL, rows[0].args...)
		returned, err := pgx.CollectExactlyOneRow(answer, texts)
		if err != nil {
			return nil, err
		}
		return []*ownRow{rows[0].own(returned)}, nil
	}
	batch := &pgx.Batch{}
	for _, row := range rows {
		batch.Queue(row.table.insertSQL, row.args...)
	}
	results := on.SendBatch(ctx, batch)
	written := make([]*ownRow, 0, len(rows))
	for _, row := range rows {
		answer, _ := results.Query()
		returned, err := pgx.CollectExactlyOneRow(answer, texts)
		if err != nil {
			_ = results.Close()
			return nil, err
		}
		written = append(written, row.own(returned))
	}
	return written, results.Close()
}

func (r *ownRow) keyArgs() []any {
	args := make([]any, 0, len(r.table.Key))
	for _, value := range r.valuesOf(r.table.Key) {
		args = append(args, value)
	}
	return args
}

// read returns the row as it is now; nil if it is gone.
func (r *ownRow) read(ctx context.Context, on querier) (*ownRow, error) {
	answer, _ := on.Query(ctx, r.table.selectSQL, r.keyArgs()...)
	returned, err := pgx.CollectExactlyOneRow(answer, texts)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return ownRowOf(r.table, returned), nil
}

func (r *ownRow) readAgain(ctx context.Context, on querier) error {
	now, err := r.read(ctx, on)
	if err != nil {
		return err
	}
	if now == nil {
		return errors.New("the transaction has deleted the row that it wrote")
	}
	r.values = now.values
	return nil
}

// differing returns those of the columns whose values differ between two states of a row.
func differing(before, after *ownRow, columns []string) []string {
	var found []string
	for _, name := range columns {
		old, now := before.value(name), after.value(name)
		if (old == nil) != (now == nil) || old != nil && *old != *now {
			found = append(found, name)
		}
	}
	return found
}

// maxTries is how often values are drawn for an update that must differ, and rows for a statement.
const maxTries = 20

// chosenRow returns the row of an update or a delete.
func (r *workloadRun) chosenRow() (*ownRow, error) {
	if row := r.workload.choose(r.change); row != nil {
		return row, nil
	}
	return nil, errors.New("the virtual user has no row for it")
}

// update sets new values, at least one of which the sink shows.
func (r *workloadRun) update(ctx context.Context) error {
	chosen, err := r.chosenRow()
	if err != nil {
		return err
	}
	for range maxTries {
		args, ok := r.updateArgs(chosen)
		if !ok {
			continue
		}
		answer, _ := r.workload.database.pool.Query(ctx, chosen.table.updateSQL, append(args, chosen.keyArgs()...)...)
		returned, err := pgx.CollectExactlyOneRow(answer, texts)
		if err != nil {
			return r.failed(err, chosen)
		}
		now := ownRowOf(chosen.table, returned)
		r.written(chosen)
		changed := differing(chosen, now, chosen.table.seen)
		chosen.values, chosen.spent = now.values, nil
		if len(changed) > 0 {
			r.awaited, r.expected = []*ownRow{chosen}, chosen.table.seen
			return nil
		}
	}
	return errors.New("no new value differs from the row's in a column that the sink shows")
}

// updateArgs draws new values; it reports whether one of them may differ from the row's in a column that is seen.
func (r *workloadRun) updateArgs(chosen *ownRow) (args []any, ok bool) {
	for _, column := range chosen.table.updated {
		isSeen := slices.Contains(chosen.table.seen, column.name)
		if column.expression != "" {
			ok = ok || isSeen
			continue
		}
		value := column.draw(r.workload)
		args = append(args, value)
		if old := chosen.ifKept(column.name, isSeen); isSeen {
			ok = ok || (old == nil) != (value == nil) || old != nil && *old != *value
		}
	}
	return args, ok
}

func (r *ownRow) ifKept(name string, isKept bool) *string {
	if !isKept {
		return nil
	}
	return r.value(name)
}

func (r *workloadRun) delete(ctx context.Context) error {
	chosen, err := r.chosenRow()
	if err != nil {
		return err
	}
	tag, err := r.workload.database.pool.Exec(ctx, chosen.table.deleteSQL, chosen.keyArgs()...)
	if err != nil {
		return r.failed(err, chosen)
	}
	r.workload.own.forget(chosen)
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("%d rows were deleted, not 1", tag.RowsAffected())
	}
	r.written(chosen)
	r.awaited = []*ownRow{chosen}
	return nil
}

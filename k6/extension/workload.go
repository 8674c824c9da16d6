package extension

import (
	"fmt"
	"math/rand/v2"

	"go.k6.io/k6/js/modules"
)

// workload is a plan as one virtual user executes it.
type workload struct {
	vu       modules.VU
	plan     *compiledPlan
	database *postgres
	sink     *userSink
	deck     *deck
	// random is made with the first change: the number of the virtual user is unknown before.
	random *rand.Rand
	own    ownRows
}

// workload returns the workload in a file, for a source and a sink. Virtual users share what is the same for all.
func (i *instance) workload(path string, database *postgres, sink *userSink) (*workload, error) {
	plan, err := i.plans.get(path, func() (*compiledPlan, error) {
		p, err := readPlan(path)
		if err != nil {
			return nil, err
		}
		compiled, err := p.compile()
		if err != nil {
			return nil, fmt.Errorf("workload: %s: %w", path, err)
		}
		return compiled, nil
	})
	if err != nil {
		return nil, err
	}
	return &workload{vu: i.vu, plan: plan, database: database, sink: sink, own: ownRows{}}, nil
}

// Prepare opens the tables of the changes in the sink, so that no change waits for that: a topic is read from its end
// at this moment on. It also reads what the changes must know of the source.
func (w *workload) Prepare(timeoutMs float64) error {
	ctx, cancel, err := deadline(w.vu, timeoutMs)
	if err != nil {
		return err
	}
	defer cancel()
	for _, change := range w.plan.changes {
		if _, err := w.sink.Table(change.Table); err != nil {
			return err
		}
	}
	return w.plan.prepare(ctx, w.database.pool)
}

// Next returns the next change.
func (w *workload) Next() (*workloadRun, error) {
	if err := w.begin(); err != nil {
		return nil, err
	}
	return w.run(w.deck.deal(w.random, w.lacks))
}

// begin makes what depends on the number of the virtual user.
func (w *workload) begin() error {
	if w.random != nil {
		return nil
	}
	state := w.vu.State()
	if state == nil {
		return errInit
	}
	d, err := newDeck(w.plan.changes)
	if err != nil {
		return fmt.Errorf("workload: %w", err)
	}
	w.deck = d
	w.random = rand.New(rand.NewPCG(w.plan.seed, state.VUIDGlobal))
	return nil
}

// lacks returns the table of which a change lacks a row of the virtual user; nil if it can be made.
func (w *workload) lacks(change *workloadChange) *workloadTable {
	if change.Operation != insertOperation {
		if w.choose(change) == nil {
			return change.table
		}
		return nil
	}
	if change.SQL != "" {
		return nil
	}
	if missing := w.lacksParent(change.table, nil); missing != nil {
		return missing
	}
	for _, children := range change.with {
		if missing := w.lacksParent(children.table, change.table); missing != nil {
			return missing
		}
	}
	return nil
}

// lacksParent returns a table of which a child needs a row that the virtual user does not have, except the one that is
// written with the child.
func (w *workload) lacksParent(child, except *workloadTable) *workloadTable {
	for _, r := range child.references {
		if r.isNeeded() && r.parent != except && len(w.own[r.parent]) == 0 {
			return r.parent
		}
	}
	return nil
}

// choose returns the row of an update or a delete; nil if the virtual user has none that can be used.
func (w *workload) choose(change *workloadChange) *ownRow {
	return w.own.choose(w.random, change.table, change.Keys, func(row *ownRow) bool {
		return !row.isSpentFor(change) && (change.Operation != deleteOperation || row.canBeDeleted())
	})
}

func (w *workload) run(change *workloadChange) (*workloadRun, error) {
	table, err := w.sink.Table(change.Table)
	if err != nil {
		return nil, err
	}
	return &workloadRun{
		Operation: change.Name, Table: change.Table, Deleted: change.Operation == deleteOperation,
		workload: w, change: change, target: table,
	}, nil
}

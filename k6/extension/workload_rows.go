package extension

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
)

// ownRow is a row that the virtual user has made.
type ownRow struct {
	table *workloadTable
	id    string
	// values are PostgreSQL's texts of the columns in table.kept.
	values []*string
	// parents are the virtual user's rows that it refers to, and followers those that refer to it, and whether they are
	// deleted with it. They are empty if no row is ever deleted.
	parents   []*ownRow
	followers map[*ownRow]bool
	// spent are the statements that would change nothing that can be seen, until another change of the row.
	spent map[*workloadChange]struct{}
}

func (r *ownRow) value(name string) *string {
	at, _ := slices.BinarySearch(r.table.kept, name)
	return r.values[at]
}

// valuesOf returns the values of columns in kept.
func (r *ownRow) valuesOf(names []string) []*string {
	values := make([]*string, 0, len(names))
	for _, name := range names {
		values = append(values, r.value(name))
	}
	return values
}

func (r *ownRow) isSpentFor(change *workloadChange) bool {
	_, is := r.spent[change]
	return is
}

func (r *ownRow) spend(change *workloadChange) {
	if r.spent == nil {
		r.spent = map[*workloadChange]struct{}{}
	}
	r.spent[change] = struct{}{}
}

// follow notes that the row refers to a parent.
func (r *ownRow) follow(parent *ownRow, cascades bool) {
	if !parent.table.hasFollowers {
		return
	}
	r.parents = append(r.parents, parent)
	if parent.followers == nil {
		parent.followers = map[*ownRow]bool{}
	}
	if before, ok := parent.followers[r]; ok {
		cascades = cascades && before
	}
	parent.followers[r] = cascades
}

// canBeDeleted reports whether every row that refers to it is deleted with it.
func (r *ownRow) canBeDeleted() bool {
	for follower, cascades := range r.followers {
		if !cascades || !follower.canBeDeleted() {
			return false
		}
	}
	return true
}

// ownRows are the rows that a virtual user may choose, because it has made them and seen them in the sink, the oldest
// first.
type ownRows map[*workloadTable][]*ownRow

func (o ownRows) add(r *ownRow) {
	if r.table.isChosen {
		o[r.table] = append(o[r.table], r)
	}
}

// forget removes a row, and those that are deleted with it.
func (o ownRows) forget(r *ownRow) {
	if at := slices.Index(o[r.table], r); at >= 0 {
		o[r.table] = slices.Delete(o[r.table], at, at+1)
	}
	for _, parent := range r.parents {
		delete(parent.followers, r)
	}
	for follower, cascades := range maps.Clone(r.followers) {
		if cascades {
			o.forget(follower)
		}
	}
}

// keyChoice is how the row of an update or a delete is chosen among the virtual user's own.
type keyChoice string

const (
	uniformKeys keyChoice = "uniform"
	// zipfKeys chooses the oldest row most often, the second half as often, and so on.
	zipfKeys keyChoice = "zipf"
	// latestKeys is zipf from the newest row on.
	latestKeys keyChoice = "latest"
)

// index returns the index of one of the rows, of which there is at least one.
func (k keyChoice) index(r *rand.Rand, rows int) int {
	switch k {
	case zipfKeys:
		return zipf.index(r, rows)
	case latestKeys:
		return rows - 1 - zipf.index(r, rows)
	default:
		return r.IntN(rows)
	}
}

// zipfExponent is that of YCSB: https://github.com/brianfrankcooper/YCSB/wiki/Core-Properties
const zipfExponent = 0.99

// zipfSums has the sums of 1/rank^s up to each rank, which do not depend on the number of ranks. It grows on demand.
type zipfSums struct {
	mu   sync.RWMutex
	sums []float64
}

var zipf zipfSums

func (z *zipfSums) upTo(ranks int) []float64 {
	z.mu.RLock()
	sums := z.sums
	z.mu.RUnlock()
	if len(sums) >= ranks {
		return sums[:ranks]
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for rank := len(z.sums) + 1; rank <= ranks; rank++ {
		previous := 0.0
		if rank > 1 {
			previous = z.sums[rank-2]
		}
		z.sums = append(z.sums, previous+math.Pow(float64(rank), -zipfExponent))
	}
	return z.sums[:ranks]
}

// index returns a rank, from 0 on.
func (z *zipfSums) index(r *rand.Rand, ranks int) int {
	sums := z.upTo(ranks)
	drawn := r.Float64() * sums[ranks-1]
	return sort.Search(ranks-1, func(i int) bool { return sums[i] > drawn })
}

// maxDraws is how often a row is drawn before those that cannot be used are left out.
const maxDraws = 16

// choose returns one of the virtual user's rows that can be used; nil if there is none.
func (o ownRows) choose(r *rand.Rand, t *workloadTable, keys keyChoice, usable func(*ownRow) bool) *ownRow {
	rows := o[t]
	if len(rows) == 0 {
		return nil
	}
	for range maxDraws {
		if row := rows[keys.index(r, len(rows))]; usable(row) {
			return row
		}
	}
	left := slices.DeleteFunc(slices.Clone(rows), func(row *ownRow) bool { return !usable(row) })
	if len(left) == 0 {
		return nil
	}
	return left[keys.index(r, len(left))]
}

package extension

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRowsAreChosenAsTheKeysSay(t *testing.T) {
	const rows, draws = 20, 20_000
	falling := make([]float64, rows)
	sum := 0.0
	for i := range falling {
		falling[i] = math.Pow(float64(i+1), -zipfExponent)
		sum += falling[i]
	}
	for i := range falling {
		falling[i] /= sum
	}
	rising := slices.Clone(falling)
	slices.Reverse(rising)
	tests := map[keyChoice][]float64{"": equalShares(rows), uniformKeys: equalShares(rows), zipfKeys: falling, latestKeys: rising}
	for keys, shares := range tests {
		for _, seed := range testSeeds {
			t.Run(string(keys), func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 1))
				counts := make([]int, rows)
				for range draws {
					counts[keys.index(r, rows)]++
				}
				distributed(t, seed, counts, shares)
			})
		}
	}
}

// family is a parent with children that cascade and those that do not, if rows are ever deleted.
type family struct {
	own                      ownRows
	parents, children, notes *workloadTable
}

func newFamily(hasFollowers bool) *family {
	f := &family{own: ownRows{}, parents: tableNamed("parents"), children: tableNamed("children"), notes: tableNamed("notes")}
	for _, table := range []*workloadTable{f.parents, f.children, f.notes} {
		table.isChosen, table.hasFollowers = true, hasFollowers
	}
	return f
}

func (f *family) row(t *workloadTable, cascades bool, parents ...*ownRow) *ownRow {
	row := &ownRow{table: t}
	for _, parent := range parents {
		row.follow(parent, cascades)
	}
	f.own.add(row)
	return row
}

func TestAParentIsDeletedOnlyWithAllItsChildren(t *testing.T) {
	f := newFamily(true)
	lone, parent, other := f.row(f.parents, false), f.row(f.parents, false), f.row(f.parents, false)
	child := f.row(f.children, true, parent)
	note := f.row(f.notes, false, child)
	f.row(f.children, false, other)
	if !lone.canBeDeleted() || parent.canBeDeleted() || other.canBeDeleted() || child.canBeDeleted() || !note.canBeDeleted() {
		t.Error("a row that others refer to can be deleted, or one without cannot")
	}
	f.own.forget(note)
	if !parent.canBeDeleted() || !child.canBeDeleted() {
		t.Error("a row cannot be deleted although those that refer to it are deleted with it")
	}
	second := f.row(f.children, true, parent, lone)
	f.own.forget(parent)
	if len(f.own[f.parents]) != 2 || len(f.own[f.children]) != 1 || len(lone.followers) != 0 {
		t.Errorf("left are %v, and %v refer to the parent that is left", f.own, lone.followers)
	}
	if slices.Contains(f.own[f.children], second) {
		t.Error("a row is kept that was deleted with its parent")
	}
}

func TestAChildThatRefersTwiceCascadesOnlyIfBothDo(t *testing.T) {
	f := newFamily(true)
	parent := f.row(f.parents, false)
	child := f.row(f.children, true, parent)
	child.follow(parent, false)
	child.follow(parent, true)
	if parent.canBeDeleted() {
		t.Error("the parent can be deleted although one of the references forbids it")
	}
}

func TestNoFamilyIsKeptIfNothingIsDeleted(t *testing.T) {
	f := newFamily(false)
	parent := f.row(f.parents, false)
	if child := f.row(f.children, true, parent); parent.followers != nil || child.parents != nil {
		t.Error("memory is used for nothing")
	}
}

func TestOnlyARowThatCanBeUsedIsChosen(t *testing.T) {
	f := newFamily(true)
	var only *ownRow
	usable := func(row *ownRow) bool { return row == only }
	r := rand.New(rand.NewPCG(1, 1))
	if f.own.choose(r, f.parents, uniformKeys, usable) != nil {
		t.Error("there is a row although there is none")
	}
	for range 1000 {
		only = f.row(f.parents, false)
	}
	for _, keys := range []keyChoice{uniformKeys, zipfKeys, latestKeys} {
		only = f.own[f.parents][777]
		if chosen := f.own.choose(r, f.parents, keys, usable); chosen != only {
			t.Errorf("%s: chose %v", keys, chosen)
		}
		only = nil
		if chosen := f.own.choose(r, f.parents, keys, usable); chosen != nil {
			t.Errorf("%s: chose %v although none can be used", keys, chosen)
		}
	}
}

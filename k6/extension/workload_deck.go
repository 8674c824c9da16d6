package extension

import (
	"errors"
	"math/rand/v2"
	"slices"
)

// maxCards bounds a deck, so that its shares are reached within a run.
const maxCards = 10_000

// deck deals the changes of one virtual user: shuffled cards, of which each change has as many as its weight in lowest
// terms, so that the shares are exact each time that the deck is used up.
type deck struct {
	full  []*workloadChange
	cards []*workloadChange
}

func newDeck(changes []*workloadChange) (*deck, error) {
	divisor := 0
	for _, change := range changes {
		divisor = commonDivisor(divisor, change.Weight)
	}
	if divisor == 0 {
		return nil, errors.New("the weights of the changes add up to 0")
	}
	d := &deck{}
	for _, change := range changes {
		cards := change.Weight / divisor
		if len(d.full)+cards > maxCards {
			return nil, errors.New("the weights of the changes have no common measure: use smaller numbers")
		}
		d.full = append(d.full, slices.Repeat([]*workloadChange{change}, cards)...)
	}
	return d, nil
}

func commonDivisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// deal returns the next change. If it lacks rows of a table, the next insert into that table is dealt before it; if the
// deck has none, an insert that is not in the deck.
func (d *deck) deal(r *rand.Rand, lacks func(*workloadChange) *workloadTable) *workloadChange {
	if len(d.cards) == 0 {
		d.cards = slices.Clone(d.full)
		r.Shuffle(len(d.cards), func(i, j int) { d.cards[i], d.cards[j] = d.cards[j], d.cards[i] })
	}
	at := 0
	change := d.cards[at]
	// References that are needed form no circle, and an insert with children is taken only if it lacks nothing: so this
	// ends.
	for missing := lacks(change); missing != nil; missing = lacks(change) {
		at = slices.IndexFunc(d.cards, func(other *workloadChange) bool {
			return other.table == missing && other.Operation == insertOperation &&
				(len(other.with) == 0 || lacks(other) == nil)
		})
		change = missing.inserts
		if at >= 0 {
			change = d.cards[at]
		}
	}
	if at >= 0 {
		d.cards = slices.Delete(d.cards, at, at+1)
	}
	return change
}

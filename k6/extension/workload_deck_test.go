package extension

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func changeOf(t *workloadTable, of operation, weight int) *workloadChange {
	return &workloadChange{planChange: &planChange{Name: string(of), Operation: of, Table: t.name, Weight: weight}, table: t}
}

func tableNamed(name string) *workloadTable {
	t := &workloadTable{planTable: &planTable{}, name: name}
	t.inserts = t.plainInsert("insert")
	return t
}

func nothingLacks(*workloadChange) *workloadTable { return nil }

func TestTheSharesOfADeckAreExact(t *testing.T) {
	table := tableNamed("t")
	insert, update, remove := changeOf(table, insertOperation, 60), changeOf(table, updateOperation, 30), changeOf(table, deleteOperation, 20)
	for _, seed := range testSeeds {
		d, err := newDeck([]*workloadChange{insert, update, remove, changeOf(table, insertOperation, 0)})
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 1))
		var orders []string
		for range 3 {
			counts := map[*workloadChange]int{}
			var order strings.Builder
			for range 11 {
				dealt := d.deal(r, nothingLacks)
				counts[dealt]++
				order.WriteString(dealt.Name[:1])
			}
			if counts[insert] != 6 || counts[update] != 3 || counts[remove] != 2 {
				t.Errorf("seed %d: a deck deals %s", seed, order.String())
			}
			orders = append(orders, order.String())
		}
		if orders[0] == orders[1] && orders[1] == orders[2] {
			t.Errorf("seed %d: the decks are not shuffled: %v", seed, orders)
		}
	}
}

func TestADeckNeedsWeights(t *testing.T) {
	table := tableNamed("t")
	for want, weights := range map[string][]int{
		"the weights of the changes add up to 0": {0, 0},
		"have no common measure":                 {9999, 10_000},
	} {
		changes := []*workloadChange{changeOf(table, insertOperation, weights[0]), changeOf(table, updateOperation, weights[1])}
		if _, err := newDeck(changes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", weights, err)
		}
	}
}

// As long as there is no parent, the next insert of one is dealt first; the shares stay exact.
func TestWhatAChangeLacksIsDealtBefore(t *testing.T) {
	parents, children := tableNamed("parents"), tableNamed("children")
	changes := []*workloadChange{
		changeOf(parents, insertOperation, 1), changeOf(children, insertOperation, 3), changeOf(children, deleteOperation, 2),
	}
	for _, seed := range testSeeds {
		d, err := newDeck(changes)
		if err != nil {
			t.Fatal(err)
		}
		rows := map[*workloadTable]int{}
		lacks := func(c *workloadChange) *workloadTable {
			switch {
			case c.Operation == deleteOperation && rows[children] == 0:
				return children
			case c.Operation == insertOperation && c.table == children && rows[parents] == 0:
				return parents
			}
			return nil
		}
		counts := map[*workloadChange]int{}
		for i := range 6 {
			dealt := d.deal(rand.New(rand.NewPCG(seed, 1)), lacks)
			if i == 0 && dealt != changes[0] {
				t.Errorf("seed %d: the first is %s of %s", seed, dealt.Name, dealt.Table)
			}
			counts[dealt]++
			if dealt.Operation == insertOperation {
				rows[dealt.table]++
			} else {
				rows[dealt.table]--
			}
		}
		if counts[changes[0]] != 1 || counts[changes[1]] != 3 || counts[changes[2]] != 2 {
			t.Errorf("seed %d: dealt %v", seed, counts)
		}
	}
}

func TestAnInsertThatTheDeckDoesNotHave(t *testing.T) {
	table := tableNamed("t")
	update := changeOf(table, updateOperation, 1)
	d, err := newDeck([]*workloadChange{update})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	lacks := func(c *workloadChange) *workloadTable {
		if c == update && rows == 0 {
			return table
		}
		return nil
	}
	if dealt := d.deal(rand.New(rand.NewPCG(1, 1)), lacks); dealt != table.inserts {
		t.Errorf("dealt %s", dealt.Name)
	}
	rows++
	if dealt := d.deal(rand.New(rand.NewPCG(1, 1)), lacks); dealt != update || len(d.cards) != 0 {
		t.Errorf("dealt %s, and left %v", dealt.Name, d.cards)
	}
}

package extension

import (
	"slices"
	"testing"
	"time"
)

func TestEveryTickThatIsDueCounts(t *testing.T) {
	begin := time.Now()
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	tests := map[string]struct {
		now   int
		delay []int
		next  int
	}{
		"not due":                  {9, nil, 10},
		"on time":                  {10, []int{0}, 20},
		"a little late":            {12, []int{2}, 20},
		"three were slept through": {45, []int{35, 25, 15, 5}, 50},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var d delays
			if next := d.note(at(10), at(test.now)); !next.Equal(at(test.next)) {
				t.Errorf("the next tick is due at %v, want %d ms", next.Sub(begin), test.next)
			}
			var delay []int
			for i, late := range d.take() {
				delay = append(delay, int(late.delay.Milliseconds()))
				if want := at(10 * (i + 1)); !late.due.Equal(want) {
					t.Errorf("tick %d was due at %v", i, late.due.Sub(begin))
				}
			}
			if !slices.Equal(delay, test.delay) {
				t.Errorf("late by %v ms, want %v", delay, test.delay)
			}
			if again := d.take(); len(again) != 0 {
				t.Errorf("%d ticks were taken twice", len(again))
			}
		})
	}
}

func TestTicksThatNobodyCollectsDoNotPileUp(t *testing.T) {
	var d delays
	due := time.Now()
	d.note(due, due.Add(2*maxDelays*delayPeriod))
	if kept := len(d.take()); kept != maxDelays {
		t.Errorf("%d ticks are kept, want %d", kept, maxDelays)
	}
}

package extension

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Time in these tests is that of a synctest bubble, as in those of the poller.

// tell gives an event of a flattened row to the tailer, now.
func (t *tailer) tell(id, status string) {
	t.take([]byte(`{"id": "`+id+`"}`), []byte(`{"id": "`+id+`", "status": "`+status+`", "__op": "u"}`), time.Now())
}

func TestAnEventReachesThoseWhoWaitForItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tail := newTailer("t", []string{"id"})
		results := make(chan waitResult, 3)
		wait := func(id string, expected expectation) {
			go func() { results <- tail.wait(t.Context(), id, expected, 100*time.Millisecond) }()
		}
		wait("a", arrived)
		synctest.Wait()
		began := time.Now()
		time.Sleep(2 * time.Millisecond)
		tail.tell("b", "new")
		tail.tell("a", "old")
		time.Sleep(3 * time.Millisecond)
		tail.tell("a", "new")
		want := waitResult{Found: true, DurationMs: 5, Attempts: 2, metAt: began.Add(5 * time.Millisecond)}
		if got := <-results; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		wait("a", having("status", "newer"))
		wait("never", arrived)
		for range 2 {
			if got := <-results; got.Found || got.DurationMs != 100 || got.Error != "" {
				t.Errorf("got %+v", got)
			}
		}
		if len(tail.waiting) != 0 {
			t.Errorf("%d keys are still waited for", len(tail.waiting))
		}
	})
}

func TestAnEventThatCameBeforeTheWaitIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tail := newTailer("t", []string{"id"})
		tail.tell("a", "new")
		readAt := time.Now()
		time.Sleep(time.Second)
		want := waitResult{Found: true, Attempts: 1, metAt: readAt}
		if got := tail.wait(t.Context(), "a", arrived, time.Second); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		// Only the last event counts: the row is no longer as it was.
		tail.tell("a", "old")
		if got := tail.wait(t.Context(), "a", arrived, time.Second); got.Found || got.Attempts != 1 {
			t.Errorf("an earlier state is found: %+v", got)
		}
	})
}

func TestARowIsDeletedByAnEventAndNotByItsAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deleted := expectation{deleted: true}
		tail := newTailer("t", []string{"id"})
		if got := tail.wait(t.Context(), "a", deleted, time.Second); got.Found {
			t.Errorf("a key without events is deleted: %+v", got)
		}
		tail.tell("a", "new")
		if got := tail.wait(t.Context(), "a", deleted, time.Second); got.Found {
			t.Errorf("a row that is there is deleted: %+v", got)
		}
		for _, value := range []string{"", `{"id": "a", "__op": "d"}`} {
			tail.take([]byte(`{"id": "a"}`), []byte(value), time.Now())
			if got := tail.wait(t.Context(), "a", deleted, time.Second); !got.Found {
				t.Errorf("%q is not a deletion: %+v", value, got)
			}
			if row, err := tail.find(t.Context(), "a"); row != nil || err != nil {
				t.Errorf("found %v, %v", row, err)
			}
		}
	})
}

func TestAFailureIsToldToThoseWhoWait(t *testing.T) {
	tests := map[string]struct {
		happens func(tail *tailer)
		want    string
	}{
		"a failed fetch": {
			func(tail *tailer) { tail.fail(errors.New("refused")) }, "kafka: topic t: refused",
		},
		"a key that cannot be read": {
			func(tail *tailer) { tail.take([]byte("\x00"), nil, time.Now()) },
			"kafka: topic t: the key of a record is not a JSON object",
		},
		"a value that cannot be read": {
			func(tail *tailer) { tail.take([]byte(`{"id": "a"}`), []byte("\x00"), time.Now()) },
			"kafka: topic t: the value of a record is not a JSON object",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tail := newTailer("t", []string{"id"})
				time.AfterFunc(time.Millisecond, func() { test.happens(tail) })
				got := tail.wait(t.Context(), "a", arrived, 5*time.Millisecond)
				if got.Found || got.Error != test.want {
					t.Errorf("got %+v, want %q", got, test.want)
				}
				// Told although the event came, and to nobody who came later.
				time.AfterFunc(time.Millisecond, func() { test.happens(tail) })
				time.AfterFunc(2*time.Millisecond, func() { tail.tell("a", "new") })
				if got := tail.wait(t.Context(), "a", arrived, time.Second); !got.Found || got.Error != test.want {
					t.Errorf("got %+v, want %q", got, test.want)
				}
				if got := tail.wait(t.Context(), "a", arrived, time.Second); !got.Found || got.Error != "" {
					t.Errorf("got %+v, want no error", got)
				}
			})
		})
	}
}

func TestAValueThatCannotBeReadIsAnErrorOfTheRead(t *testing.T) {
	tail := newTailer("t", []string{"id"})
	tail.take([]byte(`{"id": "a"}`), []byte("\x00"), time.Now())
	if row, err := tail.find(t.Context(), "a"); err == nil {
		t.Errorf("found %v", row)
	}
	if row, err := tail.find(t.Context(), "b"); row != nil || err != nil {
		t.Errorf("found %v, %v", row, err)
	}
}

func TestAWaitForAnEventIsInterrupted(t *testing.T) {
	tail := newTailer("t", []string{"id"})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the test is over"))
	if got := tail.wait(ctx, "a", arrived, time.Minute); got.Found || got.Error != "wait interrupted: the test is over" {
		t.Errorf("got %+v", got)
	}
}

func TestStatesAreBounded(t *testing.T) {
	tail := newTailer("t", []string{"id"})
	tail.maxBytes = 10_000
	value := strings.Repeat("x", 800)
	for i := range 100 {
		// Key 0 is told again and again.
		tail.tell("0", value)
		tail.tell(fmt.Sprint(i), value)
		if tail.bytes > tail.maxBytes {
			t.Fatalf("%d bytes after %d events", tail.bytes, i)
		}
	}
	for id, want := range map[string]bool{"0": true, "99": true, "93": true, "80": false, "1": false} {
		if row, _ := tail.find(t.Context(), id); (row != nil) != want {
			t.Errorf("key %s is kept: %v", id, row != nil)
		}
	}
	if len(tail.states) != tail.order.Len() || tail.order.Len() > 10 {
		t.Errorf("%d states and %d in order", len(tail.states), tail.order.Len())
	}
	// One that is larger than the bound is kept until the next.
	tail.tell("large", strings.Repeat("x", 20_000))
	if row, _ := tail.find(t.Context(), "large"); row == nil || tail.order.Len() != 1 {
		t.Errorf("%d states are kept", tail.order.Len())
	}
}

func TestAStateIsNoPartOfTheBatch(t *testing.T) {
	tail := newTailer("t", []string{"id"})
	value := []byte(`{"id": "a", "status": "new"}`)
	tail.take([]byte(`{"id": "a"}`), value, time.Now())
	copy(value, strings.Repeat("x", len(value)))
	if row, err := tail.find(t.Context(), "a"); row["status"] != "new" {
		t.Errorf("found %v, %v", row, err)
	}
}

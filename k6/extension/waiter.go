package extension

import (
	"context"
	"fmt"
	"time"
)

// waitResult is the outcome of a wait. DurationMs runs from the start of the wait to the answer in which the
// expectation was met, or to the end of the wait; it is 0 if the answer came before the wait. Attempts counts the
// answers about the row: queries that asked for it, or events of it. Error is the last failure of the sink during the
// wait; it is kept when a later answer met the expectation.
type waitResult struct {
	Found      bool    `js:"found"`
	DurationMs float64 `js:"durationMs"`
	Attempts   int     `js:"attempts"`
	Error      string  `js:"error"`
	// metAt is when the answer came in which the expectation was met.
	metAt time.Time
}

// waiter is one virtual user that waits for one row. What follows done is guarded by the mutex of the poller or the
// tailer that it is added to.
type waiter struct {
	id       string
	expected expectation
	done     chan struct{}

	attempts  int
	lastError string
	metAt     time.Time
}

func newWaiter(id string, expected expectation) *waiter {
	return &waiter{id: id, expected: expected, done: make(chan struct{})}
}

// await blocks until the expectation is met, the time-out is over or ctx is done, whichever comes first. It returns
// what interrupted it; empty: nothing did.
func (w *waiter) await(ctx context.Context, timeout time.Duration) string {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-w.done:
	case <-timer.C:
	case <-ctx.Done():
		return fmt.Sprintf("wait interrupted: %v", context.Cause(ctx))
	}
	return ""
}

// offer gives an answer to the waiter and reports whether that ends the wait. A met waiter gets no further answers.
func (w *waiter) offer(found document, at time.Time) bool {
	w.attempts++
	if !w.expected.metBy(found) {
		return false
	}
	w.metAt = at
	close(w.done)
	return true
}

// fail notes a failure of the sink.
func (w *waiter) fail(err error) {
	w.lastError = err.Error()
}

func (w *waiter) result(started time.Time, interrupted string) waitResult {
	if !w.metAt.IsZero() {
		duration := max(0, w.metAt.Sub(started))
		return waitResult{
			Found: true, DurationMs: milliseconds(duration), Attempts: w.attempts, Error: w.lastError, metAt: w.metAt,
		}
	}
	if interrupted == "" {
		interrupted = w.lastError
	}
	return waitResult{DurationMs: milliseconds(time.Since(started)), Attempts: w.attempts, Error: interrupted}
}

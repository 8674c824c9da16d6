package extension

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// maxIDs bounds one query; more waiting documents are asked for in several, one after the other.
	maxIDs = 500
	// queryTimeout bounds one query, so that a server that hangs is an error in the result of the waits.
	queryTimeout = 5 * time.Second
	// errorPause is the least time between the starts of two rounds after one that failed.
	errorPause = 100 * time.Millisecond
)

// finder returns those documents of one collection whose _id is among ids, by their _id.
type finder func(ctx context.Context, ids []string) (map[string]document, error)

// waitResult is the outcome of a wait. DurationMs runs from the start of the wait to the answer in which the
// expectation was met, or to the end of the wait. Attempts counts the queries that asked for the document.
// Error is the last failure of such a query; it is kept when a later one found the document.
type waitResult struct {
	Found      bool    `js:"found"`
	DurationMs float64 `js:"durationMs"`
	Attempts   int     `js:"attempts"`
	Error      string  `js:"error"`
}

// waiter is one virtual user that waits for one document. What follows done is guarded by poller.mu.
type waiter struct {
	id       string
	expected expectation
	done     chan struct{}

	attempts  int
	lastError string
	metAt     time.Time
}

// poller asks one collection for all documents that anybody waits for, with one query outstanding at a time,
// so that what polling costs the server does not grow with the number of virtual users. Its goroutine ends
// when nobody waits and starts again with the next waiter.
type poller struct {
	find     finder
	interval time.Duration

	mu      sync.Mutex
	waiting map[*waiter]struct{}
	running bool
}

func newPoller(find finder, interval time.Duration) *poller {
	return &poller{find: find, interval: interval, waiting: map[*waiter]struct{}{}}
}

// wait blocks until the document meets the expectation, the time-out is over or ctx is done, whichever comes
// first. It never fails: what went wrong is in the result.
func (p *poller) wait(ctx context.Context, id string, expected expectation, timeout time.Duration) waitResult {
	started := time.Now()
	timer := time.NewTimer(timeout)
	defer timer.Stop()

	w := &waiter{id: id, expected: expected, done: make(chan struct{})}
	p.add(w)
	interrupted := ""
	select {
	case <-w.done:
	case <-timer.C:
	case <-ctx.Done():
		interrupted = fmt.Sprintf("wait interrupted: %v", context.Cause(ctx))
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, w)
	if !w.metAt.IsZero() {
		return waitResult{
			Found: true, DurationMs: milliseconds(w.metAt.Sub(started)), Attempts: w.attempts, Error: w.lastError,
		}
	}
	if interrupted == "" {
		interrupted = w.lastError
	}
	return waitResult{DurationMs: milliseconds(time.Since(started)), Attempts: w.attempts, Error: interrupted}
}

func (p *poller) add(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[w] = struct{}{}
	if !p.running {
		p.running = true
		go p.run()
	}
}

// run goes over all that is waited for, again and again, until nobody waits.
func (p *poller) run() {
	for {
		began := time.Now()
		asked := p.snapshot()
		if asked == nil {
			return
		}
		pause := p.interval
		if !p.askAll(asked) {
			pause = max(pause, errorPause)
		}
		time.Sleep(pause - time.Since(began))
	}
}

// snapshot returns those who wait by the id they wait for, or nil, and the end of run, when nobody does.
func (p *poller) snapshot() map[string][]*waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		p.running = false
		return nil
	}
	byID := make(map[string][]*waiter, len(p.waiting))
	for w := range p.waiting {
		byID[w.id] = append(byID[w.id], w)
	}
	return byID
}

// askAll asks once for every id and reports whether all queries were answered.
func (p *poller) askAll(byID map[string][]*waiter) bool {
	answered := true
	for ids := range slices.Chunk(slices.Collect(maps.Keys(byID)), maxIDs) {
		ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
		found, err := p.find(ctx, ids)
		cancel()
		answered = answered && err == nil
		p.mu.Lock()
		at := time.Now()
		for _, id := range ids {
			for _, w := range byID[id] {
				p.settle(w, found[id], err, at)
			}
		}
		p.mu.Unlock()
	}
	return answered
}

// settle hands the answer of one query to one waiter, unless it has left in the meantime.
func (p *poller) settle(w *waiter, found document, err error, at time.Time) {
	if _, ok := p.waiting[w]; !ok {
		return
	}
	w.attempts++
	if err != nil {
		w.lastError = err.Error()
	} else if w.expected.metBy(found) {
		w.metAt = at
		delete(p.waiting, w)
		close(w.done)
	}
}

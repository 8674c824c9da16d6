package extension

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// defaultPollInterval is the least time, in milliseconds, between the starts of two queries of a poller.
	defaultPollInterval = 2
	// maxIDs bounds one query; more rows that are waited for are asked for in several, one after the other.
	maxIDs = 500
	// queryTimeout bounds one query, so that a server that hangs is an error in the result of the waits.
	queryTimeout = 5 * time.Second
	// errorPause is the least time between the starts of two rounds after one that failed.
	errorPause = 100 * time.Millisecond
)

// finder returns those rows of one collection or table whose key is among ids, by their key. Columns are those that
// the waiters compare, sorted; a finder may return others too.
type finder func(ctx context.Context, ids, columns []string) (map[string]document, error)

// poller asks one collection or table for all rows that anybody waits for, with one query outstanding at a time,
// so that what polling costs the server does not grow with the number of virtual users. Its goroutine ends
// when nobody waits and starts again with the next waiter.
type poller struct {
	ask      finder
	interval time.Duration

	mu      sync.Mutex
	waiting map[*waiter]struct{}
	running bool
}

func newPoller(ask finder, interval time.Duration) *poller {
	return &poller{ask: ask, interval: interval, waiting: map[*waiter]struct{}{}}
}

// wait blocks until the row meets the expectation, the time-out is over or ctx is done, whichever comes first. It
// never fails: what went wrong is in the result.
func (p *poller) wait(ctx context.Context, id string, expected expectation, timeout time.Duration) waitResult {
	started := time.Now()
	w := newWaiter(id, expected)
	p.add(w)
	interrupted := w.await(ctx, timeout)

	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, w)
	return w.result(started, interrupted)
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
		found, err := p.ask(ctx, ids, comparedColumns(byID, ids))
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

// comparedColumns returns the columns that the waiters for the ids compare, sorted, so that a statement made of them
// is the same each time.
func comparedColumns(byID map[string][]*waiter, ids []string) []string {
	columns := map[string]struct{}{}
	for _, id := range ids {
		for _, w := range byID[id] {
			for name := range w.expected.fields {
				columns[name] = struct{}{}
			}
		}
	}
	return slices.Sorted(maps.Keys(columns))
}

// settle hands the answer of one query to one waiter, unless it has left in the meantime.
func (p *poller) settle(w *waiter, found document, err error, at time.Time) {
	if _, ok := p.waiting[w]; !ok {
		return
	}
	if err != nil {
		w.attempts++
		w.fail(err)
	} else if w.offer(found, at) {
		delete(p.waiting, w)
	}
}

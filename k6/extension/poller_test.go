package extension

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Time in these tests is that of a synctest bubble: it passes only while all goroutines wait, so that durations and
// numbers of queries are exact.

const testInterval = 2 * time.Millisecond

var arrived = having("status", "new")

// server is a collection that remembers what it was asked.
type server struct {
	latency   time.Duration
	documents map[string]document

	mu      sync.Mutex
	queries [][]string
	running int
	most    int
}

func (s *server) find(_ context.Context, ids, _ []string) (map[string]document, error) {
	s.mu.Lock()
	s.queries = append(s.queries, ids)
	s.running++
	s.most = max(s.most, s.running)
	s.mu.Unlock()
	time.Sleep(s.latency)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	found := map[string]document{}
	for _, id := range ids {
		if doc, ok := s.documents[id]; ok {
			found[id] = doc
		}
	}
	return found, nil
}

func (s *server) insert(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents[id] = document{"_id": id, "status": "new"}
}

func inBubble(t *testing.T, test func(t *testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		test(t)
		// A poller that does not end by itself would stay behind, and fail the test.
		time.Sleep(queryTimeout + errorPause)
		synctest.Wait()
	})
}

func TestWaitOutcome(t *testing.T) {
	there := document{"_id": "a", "status": "new"}
	after := func(wait time.Duration, found document) func(context.Context, time.Duration) (document, error) {
		return func(_ context.Context, elapsed time.Duration) (document, error) {
			if elapsed < wait {
				return nil, nil
			}
			return found, nil
		}
	}
	tests := map[string]struct {
		answer  func(ctx context.Context, elapsed time.Duration) (document, error)
		timeout time.Duration
		want    waitResult
	}{
		"there at once": {
			answer: after(0, there), timeout: time.Second,
			want: waitResult{Found: true, DurationMs: 0, Attempts: 1},
		},
		"counts to the end of the answer": {
			answer: func(context.Context, time.Duration) (document, error) {
				time.Sleep(3500 * time.Microsecond)
				return there, nil
			},
			timeout: time.Second,
			want:    waitResult{Found: true, DurationMs: 3.5, Attempts: 1},
		},
		"arrives between two queries": {
			answer: after(9*time.Millisecond, there), timeout: time.Second,
			want: waitResult{Found: true, DurationMs: 10, Attempts: 6},
		},
		"never arrives": {
			answer: after(time.Hour, there), timeout: 11 * time.Millisecond,
			want: waitResult{DurationMs: 11, Attempts: 6},
		},
		"arrives with another content": {
			answer: after(0, document{"_id": "a", "status": "old"}), timeout: 5 * time.Millisecond,
			want: waitResult{DurationMs: 5, Attempts: 3},
		},
		"every query fails, and the next is not at once": {
			answer: func(context.Context, time.Duration) (document, error) {
				return nil, errors.New("refused")
			},
			timeout: 350 * time.Millisecond,
			want:    waitResult{DurationMs: 350, Attempts: 4, Error: "refused"},
		},
		"a failure is told although the document came": {
			answer: func(_ context.Context, elapsed time.Duration) (document, error) {
				if elapsed == 0 {
					return nil, errors.New("refused")
				}
				return there, nil
			},
			timeout: time.Second,
			want:    waitResult{Found: true, DurationMs: 100, Attempts: 2, Error: "refused"},
		},
		"a query that hangs is given up": {
			answer: func(ctx context.Context, _ time.Duration) (document, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
			timeout: queryTimeout + time.Second,
			want:    waitResult{DurationMs: 6000, Attempts: 1, Error: "context deadline exceeded"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				began := time.Now()
				p := newPoller(func(ctx context.Context, ids, _ []string) (map[string]document, error) {
					doc, err := test.answer(ctx, time.Since(began))
					if doc == nil {
						return nil, err
					}
					return map[string]document{ids[0]: doc}, err
				}, testInterval)
				got := p.wait(t.Context(), "a", arrived, test.timeout)
				if metAt := metAfter(began, got); got.metAt != metAt {
					t.Errorf("met at %v, want %v", got.metAt, metAt)
				}
				got.metAt = time.Time{}
				if got != test.want {
					t.Errorf("got %+v, want %+v", got, test.want)
				}
			})
		})
	}
}

// metAfter returns when a wait that began at a time was met; zero if it was not.
func metAfter(began time.Time, result waitResult) time.Time {
	if !result.Found {
		return time.Time{}
	}
	return began.Add(time.Duration(result.DurationMs * float64(time.Millisecond)))
}

func TestOneQueryAsksForAll(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &server{latency: 7 * time.Millisecond, documents: map[string]document{}}
		p := newPoller(s.find, testInterval)
		var waits sync.WaitGroup
		const waiters = 50
		for i := range waiters {
			waits.Go(func() { p.wait(t.Context(), fmt.Sprint(i), arrived, time.Minute) })
		}
		time.Sleep(10 * time.Millisecond)
		for i := range waiters {
			s.insert(fmt.Sprint(i))
		}
		waits.Wait()
		if s.most != 1 {
			t.Errorf("%d queries at a time, want 1", s.most)
		}
		// The first query begins with whoever comes first; all that come during it are in the second.
		if len(s.queries) != 2 || len(s.queries[1]) != waiters {
			t.Errorf("%d queries, the second for %d ids; want 2, for %d", len(s.queries), len(s.queries[1]), waiters)
		}
	})
}

func TestManyIDsAreAskedForInSeveralQueries(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &server{latency: time.Millisecond, documents: map[string]document{}}
		p := newPoller(s.find, testInterval)
		const waiters = 2*maxIDs + 201
		results := make([]waitResult, waiters)
		var waits sync.WaitGroup
		for i := range waiters {
			s.insert(fmt.Sprint(i))
		}
		// Started when all wait, so that one round asks for every id.
		p.running = true
		for i := range waiters {
			waits.Go(func() { results[i] = p.wait(t.Context(), fmt.Sprint(i), arrived, time.Minute) })
		}
		synctest.Wait()
		p.run()
		waits.Wait()
		sizes := make([]int, 0, len(s.queries))
		asked := map[string]struct{}{}
		for _, ids := range s.queries {
			sizes = append(sizes, len(ids))
			for _, id := range ids {
				asked[id] = struct{}{}
			}
		}
		if !slices.Equal(sizes, []int{maxIDs, maxIDs, 201}) || len(asked) != waiters || s.most != 1 {
			t.Errorf("queries for %v ids, %d different, %d at a time", sizes, len(asked), s.most)
		}
		if i := slices.IndexFunc(results, func(r waitResult) bool { return !r.Found }); i >= 0 {
			t.Errorf("waiter %d did not get its document: %+v", i, results[i])
		}
	})
}

func TestWaitersOfOneDocumentAreToldApart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &server{documents: map[string]document{"a": {"_id": "a", "status": "new"}}}
		p := newPoller(s.find, testInterval)
		var waits sync.WaitGroup
		var met, unmet waitResult
		waits.Go(func() { met = p.wait(t.Context(), "a", arrived, 9*time.Millisecond) })
		waits.Go(func() { unmet = p.wait(t.Context(), "a", expectation{deleted: true}, 9*time.Millisecond) })
		waits.Wait()
		if !met.Found || unmet.Found {
			t.Errorf("got %+v and %+v", met, unmet)
		}
		for _, ids := range s.queries {
			if len(ids) != 1 {
				t.Errorf("a query asked for %v", ids)
			}
		}
	})
}

func TestAWaiterThatLeavesIsNotAskedForAnyMore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &server{documents: map[string]document{}}
		p := newPoller(s.find, testInterval)
		ctx, cancel := context.WithCancelCause(t.Context())
		var waits sync.WaitGroup
		var left, stayed waitResult
		waits.Go(func() { left = p.wait(ctx, "left", arrived, time.Minute) })
		waits.Go(func() { stayed = p.wait(t.Context(), "stayed", arrived, time.Minute) })
		time.Sleep(5 * time.Millisecond)
		cancel(errors.New("the test is over"))
		synctest.Wait()
		s.mu.Lock()
		before := len(s.queries)
		s.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		s.insert("stayed")
		waits.Wait()
		if left.Found || left.DurationMs != 5 || left.Error != "wait interrupted: the test is over" {
			t.Errorf("the one that left: %+v", left)
		}
		if !stayed.Found {
			t.Errorf("the one that stayed: %+v", stayed)
		}
		for _, ids := range s.queries[before:] {
			if !slices.Equal(ids, []string{"stayed"}) {
				t.Errorf("asked for %v after one had left", ids)
			}
		}
	})
}

func TestAnAnswerThatComesAfterTheTimeoutIsDropped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &server{latency: 20 * time.Millisecond, documents: map[string]document{}}
		s.insert("a")
		p := newPoller(s.find, testInterval)
		want := waitResult{DurationMs: 5}
		if got := p.wait(t.Context(), "a", arrived, 5*time.Millisecond); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestNothingIsAskedWhileNobodyWaits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &server{documents: map[string]document{}}
		s.insert("a")
		p := newPoller(s.find, testInterval)
		for round := 1; round <= 2; round++ {
			if got := p.wait(t.Context(), "a", arrived, time.Second); !got.Found {
				t.Fatalf("round %d: %+v", round, got)
			}
			time.Sleep(time.Minute)
			if len(s.queries) != round {
				t.Errorf("%d queries after %d waits", len(s.queries), round)
			}
			p.mu.Lock()
			running, waiting := p.running, len(p.waiting)
			p.mu.Unlock()
			if running || waiting != 0 {
				t.Errorf("running %v with %d waiting", running, waiting)
			}
		}
	})
}

func TestAFailedQueryDoesNotTouchTheAnswersOfOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		byID := map[string][]*waiter{}
		p := newPoller(func(_ context.Context, ids, _ []string) (map[string]document, error) {
			if slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(id, "bad") }) {
				return nil, errors.New("refused")
			}
			found := map[string]document{}
			for _, id := range ids {
				found[id] = document{"status": "new"}
			}
			return found, nil
		}, testInterval)
		for i := range maxIDs {
			w := newWaiter(fmt.Sprint(i), arrived)
			byID[w.id] = append(byID[w.id], w)
			p.waiting[w] = struct{}{}
		}
		bad := newWaiter("bad", arrived)
		p.waiting[bad] = struct{}{}
		if !p.askAll(byID) || len(p.waiting) != 1 {
			t.Errorf("%d still wait", len(p.waiting))
		}
		if p.askAll(map[string][]*waiter{"bad": {bad}}) || bad.lastError != "refused" || !bad.metAt.IsZero() {
			t.Errorf("got %+v", bad)
		}
		if left := slices.Collect(maps.Keys(p.waiting)); !slices.Equal(left, []*waiter{bad}) {
			t.Errorf("%d still wait", len(left))
		}
	})
}

func TestAQueryNamesTheColumnsThatItsWaitersCompare(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var asked []string
		p := newPoller(func(_ context.Context, ids, columns []string) (map[string]document, error) {
			asked = append(asked, strings.Join(columns, " "))
			return nil, nil
		}, testInterval)
		byID := map[string][]*waiter{
			"a": {newWaiter("a", arrived), newWaiter("a", having("total", "1", "status", "new"))},
			"b": {newWaiter("b", expectation{deleted: true}), newWaiter("b", having("city", "Bern"))},
			"c": {newWaiter("c", expectation{})},
		}
		p.askAll(byID)
		p.askAll(map[string][]*waiter{"c": byID["c"]})
		if want := []string{"city status total", ""}; !slices.Equal(asked, want) {
			t.Errorf("asked for %q, want %q", asked, want)
		}
	})
}

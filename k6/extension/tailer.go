package extension

import (
	"bytes"
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// maxStateBytes bounds the states that a tailer keeps: 64 MiB hold those of 150,000 keys if a record has 200 bytes,
	// and of 20,000 if it has 3 KiB, as with schemas. The key whose last event is oldest leaves first; a wait or a read
	// that begins later does not find it.
	maxStateBytes = 64 << 20
	// stateOverhead is about what a state takes besides its key and its value.
	stateOverhead = 200
)

// tailer follows the events of one topic: it hands each to those who wait for its key, and keeps the last of each key,
// so that an event that was read before its wait began is found. Values are parsed only if somebody asks.
type tailer struct {
	topic string
	// key lists the key's columns in the topic.
	key      []string
	maxBytes int

	mu      sync.Mutex
	waiting map[string]map[*waiter]struct{}
	// states has an element of order for each kept key; order has the *state values, the newest event first.
	states map[string]*list.Element
	order  *list.List
	bytes  int
}

// state is the last event of a key, as it was read.
type state struct {
	id     string
	value  []byte
	readAt time.Time
}

func (s *state) size() int {
	return len(s.id) + len(s.value) + stateOverhead
}

func newTailer(topic string, key []string) *tailer {
	return &tailer{
		topic: topic, key: key, maxBytes: maxStateBytes,
		waiting: map[string]map[*waiter]struct{}{}, states: map[string]*list.Element{}, order: list.New(),
	}
}

// take accepts a record that was read at a time.
func (t *tailer) take(key, value []byte, at time.Time) {
	id, err := keyOf(key, t.key)
	if err != nil {
		t.fail(err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// A slice of the record would keep the batch that it was read with.
	s := &state{id: id, value: bytes.Clone(value), readAt: at}
	t.keep(s)
	for w := range t.waiting[id] {
		t.offer(w, s)
	}
}

// keep replaces the state of a key, and drops the oldest states beyond the bound. The newest is always kept.
func (t *tailer) keep(s *state) {
	if known, ok := t.states[s.id]; ok {
		t.drop(known)
	}
	t.states[s.id] = t.order.PushFront(s)
	t.bytes += s.size()
	for t.bytes > t.maxBytes && t.order.Len() > 1 {
		t.drop(t.order.Back())
	}
}

func (t *tailer) drop(element *list.Element) {
	s := t.order.Remove(element).(*state)
	delete(t.states, s.id)
	t.bytes -= s.size()
}

// offer hands a state to one who waits for it.
func (t *tailer) offer(w *waiter, s *state) {
	row, err := rowOf(s.value)
	if err != nil {
		w.attempts++
		w.fail(t.described(err))
	} else if w.offer(row, s.readAt) {
		t.leave(w)
	}
}

// fail hands a failure to all who wait.
func (t *tailer) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, waiters := range t.waiting {
		for w := range waiters {
			w.fail(t.described(err))
		}
	}
}

func (t *tailer) described(err error) error {
	return fmt.Errorf("kafka: topic %s: %w", t.topic, err)
}

// wait blocks until an event of the key meets the expectation, the time-out is over or ctx is done, whichever comes
// first. The last event before the wait counts, too.
func (t *tailer) wait(ctx context.Context, id string, expected expectation, timeout time.Duration) waitResult {
	started := time.Now()
	w := newWaiter(id, expected)
	t.add(w)
	interrupted := w.await(ctx, timeout)

	t.mu.Lock()
	defer t.mu.Unlock()
	t.leave(w)
	return w.result(started, interrupted)
}

func (t *tailer) add(w *waiter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting[w.id] == nil {
		t.waiting[w.id] = map[*waiter]struct{}{}
	}
	t.waiting[w.id][w] = struct{}{}
	if known, ok := t.states[w.id]; ok {
		t.offer(w, known.Value.(*state))
	}
}

func (t *tailer) leave(w *waiter) {
	delete(t.waiting[w.id], w)
	if len(t.waiting[w.id]) == 0 {
		delete(t.waiting, w.id)
	}
}

// find returns the row as its last event left it; nil if that deleted it, or if no event of it was read or kept.
func (t *tailer) find(_ context.Context, id string) (document, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.states[id]
	if !ok {
		return nil, nil
	}
	row, err := rowOf(known.Value.(*state).value)
	if err != nil {
		return nil, t.described(err)
	}
	return row, nil
}

package extension

import "sync"

// maxReports is how many different messages of one kind are let through.
const maxReports = 5

// reports lets the first few different messages of each kind through: under load every virtual user meets the
// same error in every iteration, and one line each would bury the log.
type reports struct {
	mu   sync.Mutex
	seen map[string]map[string]struct{}
}

func newReports() *reports {
	return &reports{seen: map[string]map[string]struct{}{}}
}

// firstFew reports whether the message is among the first few of its kind and has not been seen before.
func (r *reports) firstFew(kind, message string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	messages, ok := r.seen[kind]
	if !ok {
		messages = map[string]struct{}{}
		r.seen[kind] = messages
	}
	if _, ok := messages[message]; ok || len(messages) >= maxReports {
		return false
	}
	messages[message] = struct{}{}
	return true
}

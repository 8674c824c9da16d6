package extension

import "sync"

// shared holds one value for each key, made when it is first asked for. k6 runs the init code once for each virtual
// user: were pools made there, 500 virtual users would exhaust the server's connections.
type shared[K comparable, V any] struct {
	mu     sync.Mutex
	values map[K]V
}

func (s *shared[K, V]) get(key K, create func() (V, error)) (V, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, ok := s.values[key]; ok {
		return value, nil
	}
	value, err := create()
	if err != nil {
		return value, err
	}
	if s.values == nil {
		s.values = map[K]V{}
	}
	s.values[key] = value
	return value, nil
}

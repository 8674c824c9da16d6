package extension

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestAValueIsMadeOnceForItsKey(t *testing.T) {
	var s shared[string, *int]
	var made atomic.Int32
	create := func() (*int, error) {
		made.Add(1)
		return new(int), nil
	}
	values := make([]*int, 100)
	var users sync.WaitGroup
	for i := range values {
		users.Go(func() { values[i], _ = s.get("a", create) })
	}
	users.Wait()
	for _, value := range values {
		if value != values[0] {
			t.Fatal("two users have got different values")
		}
	}
	if other, _ := s.get("b", create); other == values[0] || made.Load() != 2 {
		t.Errorf("%d values were made for two keys", made.Load())
	}
}

func TestAFailureIsNotKept(t *testing.T) {
	var s shared[string, int]
	if _, err := s.get("a", func() (int, error) { return 0, errors.New("not yet") }); err == nil {
		t.Fatal("the failure is hidden")
	}
	if value, err := s.get("a", func() (int, error) { return 7, nil }); value != 7 || err != nil {
		t.Errorf("got %d, %v after a failure", value, err)
	}
}

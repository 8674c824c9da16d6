package extension

import (
	"fmt"
	"testing"
)

func TestOnlyTheFirstFewDifferentMessagesOfAKindAreLetThrough(t *testing.T) {
	r := newReports()
	for i := range maxReports {
		message := fmt.Sprint("message ", i)
		if !r.firstFew("write", message) {
			t.Errorf("%q is held back", message)
		}
		if r.firstFew("write", message) {
			t.Errorf("%q is let through twice", message)
		}
	}
	if r.firstFew("write", "one too many") {
		t.Error("one too many is let through")
	}
	if !r.firstFew("read", "message 0") {
		t.Error("another kind is held back")
	}
}

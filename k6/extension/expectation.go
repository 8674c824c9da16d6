package extension

import (
	"fmt"
	"strconv"
)

// document holds a row in a sink by name: the fields of a MongoDB document, the columns of a PostgreSQL row, or the
// fields of an event; nil is a row that does not exist.
type document = map[string]any

// expectation is what a row must be for a wait to end: deleted, or present with the given values of top-level fields,
// each compared as text so that numbers and decimals of any type can be expected. Nil is null, or no such field.
type expectation struct {
	deleted bool
	fields  map[string]*string
}

func (e expectation) metBy(doc document) bool {
	if isDeleted(doc) || e.deleted {
		return isDeleted(doc) && e.deleted
	}
	for name, want := range e.fields {
		value := doc[name]
		if value == nil || want == nil {
			if value != nil || want != nil {
				return false
			}
		} else if text(value) != *want {
			return false
		}
	}
	return true
}

// text returns a value as text; a float that is whole has no point and no exponent.
func text(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// isDeleted tells absent documents and the delete markers of cdc-consumer, whose `_cdc.op` is "d".
func isDeleted(doc document) bool {
	if doc == nil {
		return true
	}
	cdc, ok := doc["_cdc"].(document)
	return ok && cdc["op"] == "d"
}

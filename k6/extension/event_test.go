package extension

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// with puts JSON into the form that the JSON converter writes with schemas.
func withSchema(payload string) string {
	return `{"schema": {"type": "struct", "optional": false}, "payload": ` + payload + `}`
}

const (
	flatRow  = `{"id": "7", "total": 12.50, "note": null, "on": true, "__op": "u", "__source_ts_us": 5}`
	envelope = `{"before": null, "after": {"id": "7", "total": 12.50, "note": null, "on": true},
		"source": {"ts_us": 5}, "op": "u", "ts_us": 6, "transaction": null}`
)

func TestTheRowAfterAnEvent(t *testing.T) {
	const after = "id=7 note=<nil> on=true total=12.50"
	tests := map[string]struct{ value, want string }{
		"flattened":                        {flatRow, "__op=u __source_ts_us=5 " + after},
		"flattened, with schemas":          {withSchema(flatRow), "__op=u __source_ts_us=5 " + after},
		"envelope":                         {envelope, after},
		"envelope, with schemas":           {withSchema(envelope), after},
		"a snapshot":                       {strings.Replace(envelope, `"op": "u"`, `"op": "r"`, 1), after},
		"tombstone":                        {"", "deleted"},
		"null":                             {"null", "deleted"},
		"null with schemas":                {withSchema("null"), "deleted"},
		"null with null for a schema":      {`{"schema": null, "payload": null}`, "deleted"},
		"deleted, flattened":               {`{"id": "7", "total": null, "__op": "d"}`, "deleted"},
		"deleted, rewritten":               {`{"id": "7", "total": null, "__deleted": "true"}`, "deleted"},
		"not deleted, rewritten":           {`{"id": "7", "__deleted": "false"}`, "__deleted=false id=7"},
		"deleted, envelope":                {`{"before": {"id": "7"}, "after": null, "source": {}, "op": "d"}`, "deleted"},
		"deleted, with schemas":            {withSchema(`{"before": {"id": "7"}, "after": null, "source": {}, "op": "d"}`), "deleted"},
		"a row with an envelope's columns": {`{"op": "d", "after": "a", "source": "b", "__op": "c"}`, "__op=c after=a op=d source=b"},
		"a row with a schema's columns":    {`{"schema": "a", "payload": "b"}`, "payload=b schema=a"},
		"truncated":                        {`{"before": null, "after": null, "source": {}, "op": "t"}`, "an event has no row after it"},
		"Avro":                             {"\x00\x00\x00\x00\x01\x02", "the value of a record is not a JSON object"},
		"a list":                           {"[1]", "the value of a record is not a JSON object"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			row, err := rowOf([]byte(test.value))
			got := "deleted"
			if err != nil {
				got = err.Error()
			} else if row != nil {
				var columns []string
				for _, column := range slices.Sorted(maps.Keys(row)) {
					columns = append(columns, fmt.Sprintf("%s=%v", column, row[column]))
				}
				got = strings.Join(columns, " ")
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestTheKeyOfARecord(t *testing.T) {
	tests := map[string]struct {
		key     string
		columns []string
		want    string
	}{
		"text":                     {`{"id": "a\"b"}`, []string{"id"}, `a"b`},
		"a number":                 {`{"id": 12345678901234567890}`, []string{"id"}, "12345678901234567890"},
		"a decimal":                {`{"id": 1.50}`, []string{"id"}, "1.50"},
		"with a schema":            {withSchema(`{"id": "7"}`), []string{"id"}, "7"},
		"one of several fields":    {`{"other": 1, "id": "7"}`, []string{"id"}, "7"},
		"in the columns' order":    {`{"b": "x", "a": 1}`, []string{"a", "b"}, `[1,"x"]`},
		"composite, with a schema": {withSchema(`{"a": 1, "b": "x"}`), []string{"a", "b"}, `[1,"x"]`},
		"composite, few escapes":   {`{"a": "\u00e9<\"", "b": true}`, []string{"a", "b"}, `["é<\"",true]`},
		"an extracted text":        {`"7"`, []string{"id"}, "7"},
		"an extracted number":      {"7", []string{"id"}, "7"},
		"extracted, with a schema": {withSchema(`"7"`), []string{"id"}, "7"},
		"key columns of a schema":  {`{"schema": "a", "payload": "b"}`, []string{"schema", "payload"}, `["a","b"]`},
		"none":                     {"", []string{"id"}, "error: a record has no key"},
		"null":                     {"null", []string{"id"}, "error: the key of a record has no id"},
		"null in it":               {`{"id": null}`, []string{"id"}, "error: the key of a record has no id"},
		"another column":           {`{"uid": "7"}`, []string{"id"}, "error: the key of a record has no id"},
		"too few":                  {`{"a": 1}`, []string{"a", "b"}, "error: the key of a record has no b"},
		"a scalar for two":         {"7", []string{"a", "b"}, "error: the key of a record is not a JSON object"},
		"Avro":                     {"\x00\x00\x00\x00\x01\x02", []string{"id"}, "error: the key of a record is not a JSON object"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := keyOf([]byte(test.key), test.columns)
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// What the generator pays for each record of a topic, with a schema, that nobody waits for.
func BenchmarkTake(b *testing.B) {
	tail := newTailer("t", []string{"id"})
	key := []byte(withSchema(`{"id": "b7e7f824-3f12-47c5-bcce-7744ba4c753c"}`))
	value := []byte(withSchema(envelope))
	for b.Loop() {
		tail.take(key, value, acknowledged)
	}
}

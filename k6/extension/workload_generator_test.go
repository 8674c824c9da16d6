package extension

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func generatorOfJSON(t *testing.T, description string, isKey bool) generate {
	t.Helper()
	var given planGenerator
	if err := strictJSON([]byte(description), &given); err != nil {
		t.Fatal(err)
	}
	made, err := newGenerators().compile(given, isKey)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func drawn(r *rand.Rand, made generate, count int) []string {
	values := make([]string, count)
	for i := range values {
		values[i] = made(r)
	}
	return values
}

func TestTheFormOfValues(t *testing.T) {
	tests := map[string]struct{ description, form string }{
		"choice":       {`{"kind": "choice", "values": ["new", "it's"]}`, `new|it's`},
		"integer":      {`{"kind": "range", "min": "-2", "max": "3", "of": "integer"}`, `-[12]|[0-3]`},
		"a bigint":     {`{"kind": "range", "min": "-9223372036854775808", "max": "9223372036854775807", "of": "integer"}`, `-?\d{10,19}`},
		"decimal":      {`{"kind": "range", "min": "-0.05", "max": "1.50", "of": "decimal", "scale": 2}`, `-0\.0[1-5]|[01]\.\d\d`},
		"float":        {`{"kind": "range", "min": "0.5", "max": "1.5", "of": "float"}`, `[01]\.\d+`},
		"date":         {`{"kind": "range", "min": "2024-02-28", "max": "2024-03-01", "of": "date"}`, `2024-02-2[89]|2024-03-01`},
		"timestamp":    {`{"kind": "range", "min": "2024-02-28 10:00:00", "max": "2024-02-28T10:00:01Z", "of": "timestamp"}`, `2024-02-28 10:00:0[01](\.\d{1,6})?`},
		"text":         {`{"kind": "text", "bytes": 12}`, `[a-zA-Z0-9_-]{12}`},
		"no text":      {`{"kind": "text", "bytes": 0}`, ``},
		"bytes":        {`{"kind": "bytes", "bytes": 3}`, `\\x[0-9a-f]{6}`},
		"boolean":      {`{"kind": "boolean"}`, `true|false`},
		"uuid":         {`{"kind": "uuid"}`, `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`},
		"sequence":     {`{"kind": "sequence", "format": "user-{}@example.test"}`, `user-\d+@example\.test`},
		"unique text":  {`{"kind": "unique", "of": "text", "bytes": 20}`, `[a-zA-Z0-9_-]{20}`},
		"short text":   {`{"kind": "unique", "of": "text", "bytes": 4}`, `[a-zA-Z0-9_-]{4}`},
		"array":        {`{"kind": "array", "length": 2, "of": {"kind": "choice", "values": ["a\"b\\"]}}`, `\{"a\\"b\\\\","a\\"b\\\\"\}`},
		"no elements":  {`{"kind": "array", "length": 0, "of": {"kind": "boolean"}}`, `\{\}`},
		"interval":     {`{"kind": "interval"}`, `\d+ seconds`},
		"time":         {`{"kind": "time"}`, `[0-2]\d:[0-5]\d:[0-5]\d`},
		"inet":         {`{"kind": "inet"}`, `10\.\d+\.\d+\.\d+`},
		"unique whole": {`{"kind": "unique", "of": "integer", "start": 17}`, `1[7-9]|[2-9]\d|1\d\d|2[01]\d`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			form := regexp.MustCompile(`^(?:` + test.form + `)$`)
			for _, value := range drawn(rand.New(rand.NewPCG(1, 1)), generatorOfJSON(t, test.description, false), 200) {
				if !form.MatchString(value) {
					t.Fatalf("%q", value)
				}
			}
		})
	}
}

func TestAJSONObjectHasAboutTheSize(t *testing.T) {
	for _, size := range []int{0, 40, 300} {
		value := generatorOfJSON(t, `{"kind": "json", "bytes": `+strconv.Itoa(size)+`}`, false)(rand.New(rand.NewPCG(1, 1)))
		if !json.Valid([]byte(value)) || !isObject([]byte(value)) || len(value) > max(size, 40) || len(value) < size {
			t.Errorf("%d bytes: %s", size, value)
		}
	}
}

func TestValuesHaveTheSharesOfTheirGenerators(t *testing.T) {
	const count = 20_000
	tests := map[string]struct {
		description string
		values      []string
		shares      []float64
	}{
		"choice":  {`{"kind": "choice", "values": ["a", "b", "c"]}`, []string{"a", "b", "c"}, equalShares(3)},
		"weights": {`{"kind": "choice", "values": ["a", "b", "c"], "weights": [3, 1, 0.5]}`, []string{"a", "b", "c"}, []float64{3 / 4.5, 1 / 4.5, 0.5 / 4.5}},
		"integer": {`{"kind": "range", "min": "-1", "max": "2", "of": "integer"}`, []string{"-1", "0", "1", "2"}, equalShares(4)},
		"decimal": {`{"kind": "range", "min": "0.9", "max": "1.1", "of": "decimal", "scale": 1}`, []string{"0.9", "1.0", "1.1"}, equalShares(3)},
		"date":    {`{"kind": "range", "min": "2023-12-31", "max": "2024-01-01", "of": "date"}`, []string{"2023-12-31", "2024-01-01"}, equalShares(2)},
		"boolean": {`{"kind": "boolean"}`, []string{"true", "false"}, equalShares(2)},
		"text":    {`{"kind": "text", "bytes": 1}`, strings.Split(alphabet, ""), equalShares(64)},
	}
	for name, test := range tests {
		for _, seed := range testSeeds {
			t.Run(name+" "+strconv.FormatUint(seed, 10), func(t *testing.T) {
				counts := make([]int, len(test.values))
				for _, value := range drawn(rand.New(rand.NewPCG(seed, 1)), generatorOfJSON(t, test.description, false), count) {
					at := slices.Index(test.values, value)
					if at < 0 {
						t.Fatalf("%q", value)
					}
					counts[at]++
				}
				distributed(t, seed, counts, test.shares)
			})
		}
	}
}

func TestTheShareOfNulls(t *testing.T) {
	column := workloadColumn{nulls: 0.25, generate: func(*rand.Rand) string { return "" }}
	for _, seed := range testSeeds {
		w := &workload{random: rand.New(rand.NewPCG(seed, 1))}
		counts := []int{0, 0}
		for range 20_000 {
			if column.draw(w) == nil {
				counts[0]++
			} else {
				counts[1]++
			}
		}
		distributed(t, seed, counts, []float64{0.25, 0.75})
	}
}

func TestTheSameSeedGivesTheSameValues(t *testing.T) {
	for _, description := range []string{
		`{"kind": "choice", "values": ["a", "b"]}`, `{"kind": "range", "min": "1", "max": "1000", "of": "integer"}`,
		`{"kind": "text", "bytes": 20}`, `{"kind": "json", "bytes": 60}`, `{"kind": "uuid"}`, `{"kind": "bytes", "bytes": 8}`,
		`{"kind": "array", "length": 3, "of": {"kind": "text", "bytes": 4}}`, `{"kind": "interval"}`,
	} {
		values := func(seed, user uint64) string {
			return strings.Join(drawn(rand.New(rand.NewPCG(seed, user)), generatorOfJSON(t, description, false), 50), "|")
		}
		if values(1, 1) != values(1, 1) {
			t.Errorf("%s: the same seed gives other values", description)
		}
		if values(1, 1) == values(2, 1) || values(1, 1) == values(1, 2) {
			t.Errorf("%s: another seed or another virtual user gives the same values", description)
		}
	}
}

func TestKeysAreNewWhateverTheSeed(t *testing.T) {
	for _, description := range []string{
		`{"kind": "uuid"}`, `{"kind": "unique", "of": "uuid"}`, `{"kind": "unique", "of": "text", "bytes": 24}`,
		`{"kind": "unique", "of": "text", "bytes": 6}`, `{"kind": "sequence", "format": "{}"}`,
	} {
		seen := map[string]bool{}
		for range 2 {
			for _, key := range drawn(rand.New(rand.NewPCG(1, 1)), generatorOfJSON(t, description, true), 500) {
				if seen[key] {
					t.Fatalf("%s: %s is not new", description, key)
				}
				seen[key] = true
			}
			// A run takes longer than this to begin.
			time.Sleep(time.Millisecond)
		}
	}
}

func TestAGeneratorThatCannotBe(t *testing.T) {
	tests := map[string]string{
		`{"kind": "choice"}`: "choice: there is no value",
		`{"kind": "choice", "values": ["a"], "weights": [-1]}`:                                         "choice: a weight is below 0",
		`{"kind": "choice", "values": ["a"], "weights": [0]}`:                                          "choice: the weights add up to 0",
		`{"kind": "range", "min": "a", "max": "2", "of": "integer"}`:                                   "range: a to 2: not numbers of 64 bits with 0 decimals",
		`{"kind": "range", "min": "1.5", "max": "2", "of": "integer"}`:                                 "range: 1.5 to 2: not numbers of 64 bits with 0 decimals",
		`{"kind": "range", "min": "1", "max": "1e30", "of": "decimal"}`:                                "range: 1 to 1e30: not numbers of 64 bits with 0 decimals",
		`{"kind": "range", "min": "1", "max": "b", "of": "float"}`:                                     "range: 1 to b: not numbers",
		`{"kind": "range", "min": "2", "max": "1", "of": "float"}`:                                     "range: min is above max",
		`{"kind": "range", "min": "2024-02-30", "max": "2024-03-01", "of": "date"}`:                    "range: 2024-02-30 to 2024-03-01: not dates or times",
		`{"kind": "range", "min": "2024-03-02", "max": "2024-03-01", "of": "date"}`:                    "range: min is above max",
		`{"kind": "range", "min": "1", "max": "2", "of": "money"}`:                                     `range: there is no range of "money"`,
		`{"kind": "text", "bytes": -1}`:                                                                "text: bytes must not be below 0",
		`{"kind": "sequence", "format": "a"}`:                                                          `sequence: "a" has no {}`,
		`{"kind": "unique", "of": "date"}`:                                                             `unique: there are no unique values of "date"`,
		`{"kind": "array", "length": 2, "of": "text"}`:                                                 "array: needs a generator of its elements, and a length",
		`{"kind": "array", "length": 2, "of": {"kind": "sql", "sql": "now()"}}`:                        `array: there is no generator "sql"`,
		`{"kind": "array", "length": 2, "of": {"kind": "array", "of": {"kind": "x"}}}`:                 `array: array: there is no generator "x"`,
		`{"kind": "array", "length": -2, "of": {"kind": "boolean"}}`:                                   "array: needs a generator of its elements, and a length",
		`{"kind": "range", "min": "0.00000000000000000001", "max": "1", "of": "decimal", "scale": 20}`: "range: 0.00000000000000000001 to 1: not numbers of 64 bits with 20 decimals",
	}
	for description, want := range tests {
		var given planGenerator
		if err := strictJSON([]byte(description), &given); err != nil {
			t.Fatal(err)
		}
		if _, err := newGenerators().compile(given, false); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", description, err, want)
		}
	}
}

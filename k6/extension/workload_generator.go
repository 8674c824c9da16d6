package extension

import (
	cryptorand "crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// planGenerator describes the values of a column; Kind decides which of the other fields count.
type planGenerator struct {
	Kind string `json:"kind"`
	// Values and Weights belong to choice; without weights each value is as likely as another.
	Values  []string  `json:"values"`
	Weights []float64 `json:"weights"`
	// Min and Max belong to range, and are part of it; Scale is the number of decimals.
	Min   string `json:"min"`
	Max   string `json:"max"`
	Scale int    `json:"scale"`
	// Of is the type of range and unique, as text, and the generator of the elements of array.
	Of generatorOf `json:"of"`
	// Start is the least value of unique integers.
	Start int64 `json:"start"`
	// Bytes is the length of text, json, bytes, and unique text.
	Bytes int `json:"bytes"`
	// Format belongs to sequence; {} is the number.
	Format string `json:"format"`
	// SQL is an expression that PostgreSQL evaluates.
	SQL string `json:"sql"`
	// Length is the number of elements of array.
	Length int `json:"length"`
}

// generatorOf is the name of a type or, for an array, a generator.
type generatorOf struct {
	name     string
	elements *planGenerator
}

// UnmarshalJSON accepts a text or an object.
func (o *generatorOf) UnmarshalJSON(data []byte) error {
	if !isObject(data) {
		return strictJSON(data, &o.name)
	}
	return strictJSON(data, &o.elements)
}

// generate returns a value as PostgreSQL's text of it. It draws from the source, unless the value must be new.
type generate func(*rand.Rand) string

// generators compiles the generators of a plan. Values that must be new are counted here, for all virtual users.
type generators struct {
	// began is when the process began to count. Numbers that begin there are new in each run, as long as a run takes
	// fewer than a million a second.
	began int64
}

func newGenerators() *generators {
	return &generators{began: time.Now().UnixMicro()}
}

// alphabet has 64 characters, so that six random bits choose one. No space: PostgreSQL cuts those at the end of char(n).
const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// compile returns the function of a generator. A value of a key is new in each run, whatever the seed.
func (g *generators) compile(given planGenerator, isKey bool) (generate, error) {
	switch given.Kind {
	case "choice":
		return compileChoice(given)
	case "range":
		return compileRange(given)
	case "text":
		return sized(given, func(r *rand.Rand) string { return randomText(r, given.Bytes) })
	case "json":
		return sized(given, func(r *rand.Rand) string { return randomJSON(r, given.Bytes) })
	case "bytes":
		return sized(given, func(r *rand.Rand) string { return `\x` + hex.EncodeToString(randomBytes(r, given.Bytes)) })
	case "boolean":
		return func(r *rand.Rand) string { return strconv.FormatBool(r.IntN(2) == 1) }, nil
	case "uuid":
		if isKey {
			return newUUID, nil
		}
		return func(r *rand.Rand) string { return uuidText(randomBytes(r, uuidBytes)) }, nil
	case "sequence":
		return g.compileSequence(given)
	case "unique":
		return g.compileUnique(given)
	case "array":
		return g.compileArray(given)
	case "interval":
		return func(r *rand.Rand) string { return strconv.Itoa(r.IntN(1_000_000)) + " seconds" }, nil
	case "time":
		return func(r *rand.Rand) string { return time.Unix(r.Int64N(86_400), 0).UTC().Format(time.TimeOnly) }, nil
	case "inet":
		return func(r *rand.Rand) string { return fmt.Sprintf("10.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256)) }, nil
	}
	return nil, fmt.Errorf("there is no generator %q", given.Kind)
}

func sized(given planGenerator, made generate) (generate, error) {
	if given.Bytes < 0 {
		return nil, fmt.Errorf("%s: bytes must not be below 0", given.Kind)
	}
	return made, nil
}

func compileChoice(given planGenerator) (generate, error) {
	if len(given.Values) == 0 {
		return nil, errors.New("choice: there is no value")
	}
	if given.Weights == nil {
		return func(r *rand.Rand) string { return given.Values[r.IntN(len(given.Values))] }, nil
	}
	if len(given.Weights) != len(given.Values) {
		return nil, fmt.Errorf("choice: %d values have %d weights", len(given.Values), len(given.Weights))
	}
	sums := make([]float64, 0, len(given.Weights))
	sum := 0.0
	for _, weight := range given.Weights {
		if !(weight >= 0) {
			return nil, errors.New("choice: a weight is below 0")
		}
		sum += weight
		sums = append(sums, sum)
	}
	if sum == 0 {
		return nil, errors.New("choice: the weights add up to 0")
	}
	return func(r *rand.Rand) string {
		drawn := r.Float64() * sum
		return given.Values[sort.Search(len(sums)-1, func(i int) bool { return sums[i] > drawn })]
	}, nil
}

const (
	dateLayout      = time.DateOnly
	timestampLayout = "2006-01-02 15:04:05.999999"
)

func compileRange(given planGenerator) (generate, error) {
	switch given.Of.name {
	case "integer":
		given.Scale = 0
		return compileScaled(given)
	case "decimal":
		return compileScaled(given)
	case "float":
		return compileFloat(given)
	case "date":
		return compileInstants(given, 24*time.Hour, dateLayout)
	case "timestamp":
		return compileInstants(given, time.Microsecond, timestampLayout)
	}
	return nil, fmt.Errorf("range: there is no range of %q", given.Of.name)
}

var errRange = errors.New("range: min is above max")

func compileScaled(given planGenerator) (generate, error) {
	least, leastErr := scaled(given.Min, given.Scale)
	most, mostErr := scaled(given.Max, given.Scale)
	if err := errors.Join(leastErr, mostErr); err != nil {
		return nil, fmt.Errorf("range: %s to %s: not numbers of 64 bits with %d decimals", given.Min, given.Max, given.Scale)
	}
	if least > most {
		return nil, errRange
	}
	return func(r *rand.Rand) string { return unscaled(between(r, least, most), given.Scale) }, nil
}

// scaled returns a decimal number times a power of ten.
func scaled(text string, scale int) (int64, error) {
	number, ok := new(big.Rat).SetString(text)
	if !ok || scale < 0 || scale > 18 {
		return 0, strconv.ErrSyntax
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	number.Mul(number, new(big.Rat).SetInt(power))
	if !number.IsInt() || !number.Num().IsInt64() {
		return 0, strconv.ErrRange
	}
	return number.Num().Int64(), nil
}

func unscaled(number int64, scale int) string {
	if scale == 0 {
		return strconv.FormatInt(number, 10)
	}
	digits, isNegative := strings.CutPrefix(strconv.FormatInt(number, 10), "-")
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - scale
	text := digits[:point] + "." + digits[point:]
	if isNegative {
		return "-" + text
	}
	return text
}

// between returns a number from least to most, each as likely as another.
func between(r *rand.Rand, least, most int64) int64 {
	span := uint64(most) - uint64(least) + 1
	if span == 0 {
		return int64(r.Uint64())
	}
	return int64(uint64(least) + r.Uint64N(span))
}

func compileFloat(given planGenerator) (generate, error) {
	least, leastErr := strconv.ParseFloat(given.Min, 64)
	most, mostErr := strconv.ParseFloat(given.Max, 64)
	if errors.Join(leastErr, mostErr) != nil {
		return nil, fmt.Errorf("range: %s to %s: not numbers", given.Min, given.Max)
	}
	if !(least <= most) {
		return nil, errRange
	}
	return func(r *rand.Rand) string {
		return strconv.FormatFloat(least+r.Float64()*(most-least), 'g', -1, 64)
	}, nil
}

// compileInstants chooses among the instants at a whole number of units since the epoch.
func compileInstants(given planGenerator, unit time.Duration, layout string) (generate, error) {
	least, leastErr := instant(given.Min)
	most, mostErr := instant(given.Max)
	if errors.Join(leastErr, mostErr) != nil {
		return nil, fmt.Errorf("range: %s to %s: not dates or times", given.Min, given.Max)
	}
	if least.After(most) {
		return nil, errRange
	}
	microseconds := unit.Microseconds()
	first, last := least.UnixMicro()/microseconds, most.UnixMicro()/microseconds
	return func(r *rand.Rand) string {
		return time.UnixMicro(between(r, first, last) * microseconds).UTC().Format(layout)
	}, nil
}

func instant(text string) (time.Time, error) {
	for _, layout := range []string{dateLayout, timestampLayout, time.RFC3339Nano} {
		if found, err := time.Parse(layout, text); err == nil {
			return found, nil
		}
	}
	return time.Time{}, strconv.ErrSyntax
}

func randomText(r *rand.Rand, length int) string {
	text := make([]byte, length)
	var bits uint64
	for i := range text {
		if i%10 == 0 {
			bits = r.Uint64()
		}
		text[i] = alphabet[bits&63]
		bits >>= 6
	}
	return string(text)
}

func randomBytes(r *rand.Rand, length int) []byte {
	data := make([]byte, length)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

// randomJSON returns an object in the form in which PostgreSQL prints jsonb.
func randomJSON(r *rand.Rand, length int) string {
	object := fmt.Sprintf(`{"n": %d, "text": "`, r.IntN(1_000_000))
	const end = `"}`
	return object + randomText(r, max(0, length-len(object)-len(end))) + end
}

const uuidBytes = 16

func newUUID(*rand.Rand) string {
	random := make([]byte, uuidBytes)
	// It never fails: https://pkg.go.dev/crypto/rand#Read
	_, _ = cryptorand.Read(random)
	return uuidText(random)
}

// uuidText makes random bytes a UUID of version 4.
func uuidText(random []byte) string {
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	text := hex.EncodeToString(random)
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// newNumbers returns a function of numbers that no run has had.
func (g *generators) newNumbers() func() int64 {
	var count atomic.Int64
	return func() int64 { return g.began + count.Add(1) }
}

func (g *generators) compileSequence(given planGenerator) (generate, error) {
	before, after, ok := strings.Cut(given.Format, "{}")
	if !ok {
		return nil, fmt.Errorf("sequence: %q has no {}", given.Format)
	}
	next := g.newNumbers()
	return func(*rand.Rand) string { return before + strconv.FormatInt(next(), 10) + after }, nil
}

func (g *generators) compileUnique(given planGenerator) (generate, error) {
	switch given.Of.name {
	case "integer":
		return (&counter{}).from(given.Start), nil
	case "uuid":
		return newUUID, nil
	case "text":
		next := g.newNumbers()
		return sized(given, func(*rand.Rand) string { return newText(next(), given.Bytes) })
	}
	return nil, fmt.Errorf("unique: there are no unique values of %q", given.Of.name)
}

// counter numbers the new values of a column, for all virtual users.
type counter struct {
	last atomic.Int64
}

func (c *counter) from(start int64) generate {
	c.raise(start)
	return func(*rand.Rand) string { return strconv.FormatInt(c.last.Add(1), 10) }
}

// raise lets the next value be at least start.
func (c *counter) raise(start int64) {
	for last := c.last.Load(); last < start-1; last = c.last.Load() {
		c.last.CompareAndSwap(last, start-1)
	}
}

// newText returns text of a length that ends with a number, after random characters. If the number does not fit, the
// text is random.
func newText(number int64, length int) string {
	random := make([]byte, length)
	_, _ = cryptorand.Read(random)
	text := []byte(base64.RawURLEncoding.EncodeToString(random)[:length])
	if digits := strconv.FormatInt(number, 36); len(digits) <= length {
		copy(text[length-len(digits):], digits)
	}
	return string(text)
}

func (g *generators) compileArray(given planGenerator) (generate, error) {
	if given.Of.elements == nil || given.Length < 0 {
		return nil, errors.New("array: needs a generator of its elements, and a length")
	}
	element, err := g.compile(*given.Of.elements, false)
	if err != nil {
		return nil, fmt.Errorf("array: %w", err)
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	return func(r *rand.Rand) string {
		elements := slices.Repeat([]string{""}, given.Length)
		for i := range elements {
			elements[i] = `"` + quoted.Replace(element(r)) + `"`
		}
		return "{" + strings.Join(elements, ",") + "}"
	}, nil
}

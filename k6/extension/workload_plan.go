package extension

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// planVersion is the version of the plans that this program executes.
const planVersion = 1

// plan is a workload as data: tables with the values of their rows, and the changes to make in them. The harness
// derives it from workload.toml and the catalog of the source (scripts/cdc_perf/workload).
type plan struct {
	Version int `json:"version"`
	// Seed and the number of the virtual user determine every choice and every value except new keys.
	Seed    uint64                `json:"seed"`
	Tables  map[string]*planTable `json:"tables"`
	Changes []*planChange         `json:"changes"`
}

// planTable is a table as an insert or an update writes it. Names are not quoted, except in Relation.
type planTable struct {
	// Relation is the quoted name.
	Relation string `json:"relation"`
	// ID is the SQL expression of the text that identifies a row in the sink.
	ID  string   `json:"id"`
	Key []string `json:"key"`
	// Columns are those that an insert gives a value of its own. The others have their default.
	Columns    []planColumn    `json:"columns"`
	References []planReference `json:"references"`
	// Recognized are the columns whose text is the same in the sink.
	Recognized []string `json:"recognized"`
	// Updates are the columns that an update sets.
	Updates []string `json:"updates"`
}

type planColumn struct {
	Name      string        `json:"name"`
	Generator planGenerator `json:"generator"`
	// Nulls is the share of rows without a value, from 0 to 1.
	Nulls float64 `json:"nulls"`
}

// planReference is a foreign key. Its columns get the parent's values, whatever their generator.
type planReference struct {
	Columns []string `json:"columns"`
	Table   string   `json:"table"`
	// To are the columns of the parent that Columns refer to.
	To       []string `json:"to"`
	Nullable bool     `json:"nullable"`
	// Cascades says that a delete of the parent deletes the child.
	Cascades bool `json:"cascades"`
	// Existing says that children refer to rows that were there before the load, not to the virtual user's own.
	Existing bool `json:"existing"`
}

// operation is the effect of a change on the row that is waited for.
type operation string

const (
	insertOperation operation = "insert"
	updateOperation operation = "update"
	deleteOperation operation = "delete"
)

// debeziumOp is the operation in the event and in the ledger.
func (o operation) debeziumOp() string {
	return map[operation]string{insertOperation: "c", updateOperation: "u", deleteOperation: "d"}[o]
}

// planChange is an operation on a table, or a statement with such an effect.
type planChange struct {
	Name      string    `json:"name"`
	Operation operation `json:"operation"`
	Table     string    `json:"table"`
	Weight    int       `json:"weight"`
	// Rows is how many rows of the table an insert writes in one transaction; 0: one.
	Rows int `json:"rows"`
	// With lists the children that each of these rows gets in the same transaction.
	With []planChildren `json:"with"`
	// Keys is how the row of an update or a delete is chosen; empty: uniform.
	Keys keyChoice `json:"keys"`
	// SQL is the statement of a change that is not derived, with its parameters ($1, $2, ...). That of an insert returns
	// the key's columns of the new row, in their order.
	SQL        string          `json:"sql"`
	Parameters []planParameter `json:"parameters"`
}

type planChildren struct {
	Table string `json:"table"`
	Rows  int    `json:"rows"`
}

// planParameter is a column of the chosen row's key, or a generated value.
type planParameter struct {
	Key       string         `json:"key"`
	Generator *planGenerator `json:"generator"`
}

// readPlan reads a plan strictly. Its errors are one line.
func readPlan(path string) (*plan, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("workload: %w", err)
	}
	p, err := parsePlan(content)
	if err != nil {
		return nil, fmt.Errorf("workload: %s: %w", path, err)
	}
	return p, nil
}

func parsePlan(content []byte) (*plan, error) {
	p := &plan{}
	if err := strictJSON(content, p); err != nil {
		return nil, err
	}
	return p, p.check()
}

// strictJSON decodes one JSON value without unknown fields.
func strictJSON(content []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after its end")
	}
	return nil
}

// check fails if the plan refers to something that it does not have. Whether PostgreSQL accepts what it describes is
// up to the harness.
func (p *plan) check() error {
	if p.Version != planVersion {
		return fmt.Errorf("version must be %d, not %d", planVersion, p.Version)
	}
	for name, t := range p.Tables {
		if err := p.checkTable(t); err != nil {
			return fmt.Errorf("tables: %s: %w", name, err)
		}
	}
	for _, c := range p.Changes {
		if err := p.checkChange(c); err != nil {
			return fmt.Errorf("changes: %s of %s: %w", c.Name, c.Table, err)
		}
	}
	return nil
}

func (p *plan) checkTable(t *planTable) error {
	if t.Relation == "" || t.ID == "" || len(t.Key) == 0 {
		return errors.New("relation, id, and key are needed")
	}
	for _, c := range t.Columns {
		if !(c.Nulls >= 0 && c.Nulls <= 1) {
			return fmt.Errorf("column %s: nulls must be from 0 to 1, not %v", c.Name, c.Nulls)
		}
	}
	for _, r := range t.References {
		parent := p.Tables[r.Table]
		if parent == nil {
			return fmt.Errorf("references: there is no table %s", r.Table)
		}
		if len(r.Columns) == 0 || len(r.Columns) != len(r.To) {
			return fmt.Errorf("references: %d columns refer to %d of %s", len(r.Columns), len(r.To), r.Table)
		}
	}
	for _, name := range t.Updates {
		if !slices.ContainsFunc(t.Columns, func(c planColumn) bool { return c.Name == name }) {
			return fmt.Errorf("updates: the column %s has no generator", name)
		}
	}
	return nil
}

func (p *plan) checkChange(c *planChange) error {
	t := p.Tables[c.Table]
	if t == nil {
		return errors.New("there is no such table")
	}
	if c.Name == "" || c.Weight < 0 || c.Rows < 0 {
		return errors.New("the name, the weight, or the number of rows is wrong")
	}
	if !slices.Contains([]keyChoice{"", uniformKeys, zipfKeys, latestKeys}, c.Keys) {
		return fmt.Errorf("keys must be uniform, zipf, or latest, not %q", c.Keys)
	}
	switch c.Operation {
	case insertOperation, deleteOperation:
	case updateOperation:
		if c.SQL == "" && !t.canUpdate() {
			return errors.New("no column that an update sets can be recognized in the sink")
		}
	default:
		return fmt.Errorf("operation must be insert, update, or delete, not %q", c.Operation)
	}
	for _, parameter := range c.Parameters {
		if (parameter.Key == "") == (parameter.Generator == nil) {
			return errors.New("a parameter is either a key or a generator")
		}
		if parameter.Key != "" && (c.Operation == insertOperation || !slices.Contains(t.Key, parameter.Key)) {
			return fmt.Errorf("%s is not a column of the key of a row that the statement changes", parameter.Key)
		}
	}
	for _, children := range c.With {
		child := p.Tables[children.Table]
		if c.Operation != insertOperation || c.SQL != "" || child == nil || children.Rows < 1 ||
			!slices.ContainsFunc(child.References, func(r planReference) bool { return r.Table == c.Table }) {
			return fmt.Errorf("with: %s cannot be written with it", children.Table)
		}
	}
	return nil
}

func (t *planTable) canUpdate() bool {
	return slices.ContainsFunc(t.Updates, func(name string) bool { return slices.Contains(t.Recognized, name) })
}

package extension

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// compiledPlan is a plan with its statements and generators. All virtual users share it.
type compiledPlan struct {
	seed    uint64
	tables  map[string]*workloadTable
	changes []*workloadChange

	mu sync.Mutex
	// isPrepared says that what only the database knows is known.
	isPrepared bool
}

// workloadTable is a table with its statements, whose rows have PostgreSQL's text of the columns in kept.
type workloadTable struct {
	*planTable
	name string
	// columns are those of an insert, with those of references.
	columns    []workloadColumn
	references []*workloadReference
	// kept are the columns that are read back after a write: key, recognized, and what children refer to.
	kept []string
	// updated are the columns that an update sets; seen are those of them that can be recognized.
	updated []workloadColumn
	seen    []string

	insertSQL, updateSQL, deleteSQL, selectSQL string
	// isChosen says that changes choose among the rows, or children refer to them.
	isChosen bool
	// hasFollowers says that the rows that refer to a row must be known, because rows may be deleted.
	hasFollowers bool
	// inserts is the change that makes one row that another change lacks.
	inserts *workloadChange
}

// workloadColumn is a column to write: with a value, or with an SQL expression.
type workloadColumn struct {
	name       string
	nulls      float64
	generate   generate
	expression string
	// isParents says that the value is that of a parent.
	isParents bool
	unique    *counter
}

type workloadReference struct {
	planReference
	parent *workloadTable
	// isShared says that another reference writes one of the columns too.
	isShared bool
	// existing are the values of rows that children may refer to.
	existing [][]*string
}

// isNeeded says that a child cannot be written before the virtual user has a parent.
func (r *workloadReference) isNeeded() bool {
	return !r.Nullable && !r.Existing
}

type workloadChange struct {
	*planChange
	table      *workloadTable
	with       []workloadChildren
	parameters []workloadParameter
	// isConstant says that the statement does the same each time that it is executed on a row.
	isConstant bool
}

type workloadChildren struct {
	table *workloadTable
	rows  int
}

type workloadParameter struct {
	key      string
	generate generate
}

func (p *plan) compile() (*compiledPlan, error) {
	c := &compiledPlan{seed: p.Seed, tables: map[string]*workloadTable{}}
	g := newGenerators()
	for name, t := range p.Tables {
		c.tables[name] = &workloadTable{planTable: t, name: name}
	}
	for _, t := range c.tables {
		if err := c.compileTable(t, g); err != nil {
			return nil, fmt.Errorf("tables: %s: %w", t.name, err)
		}
	}
	for _, given := range p.Changes {
		change, err := c.compileChange(given, g)
		if err != nil {
			return nil, fmt.Errorf("changes: %s of %s: %w", given.Name, given.Table, err)
		}
		c.changes = append(c.changes, change)
	}
	if err := c.checkOrder(); err != nil {
		return nil, err
	}
	c.link()
	for _, t := range c.tables {
		t.prepareStatements()
	}
	return c, nil
}

func (c *compiledPlan) compileTable(t *workloadTable, g *generators) error {
	parents := map[string]int{}
	for _, given := range t.References {
		t.references = append(t.references, &workloadReference{planReference: given, parent: c.tables[given.Table]})
		for _, name := range given.Columns {
			parents[name]++
		}
	}
	// The parent of the most columns decides which others agree with it.
	slices.SortStableFunc(t.references, func(a, b *workloadReference) int { return len(b.Columns) - len(a.Columns) })
	for _, r := range t.references {
		r.isShared = slices.ContainsFunc(r.Columns, func(name string) bool { return parents[name] > 1 })
	}
	for _, given := range t.Columns {
		column := workloadColumn{name: given.Name, nulls: given.Nulls, isParents: parents[given.Name] > 0}
		switch {
		case given.Generator.Kind == "sql":
			column.expression = "(" + given.Generator.SQL + ")"
		case given.Generator.Kind == "unique" && given.Generator.Of.name == "integer":
			column.unique = &counter{}
			column.generate = column.unique.from(given.Generator.Start)
		default:
			var err error
			column.generate, err = g.compile(given.Generator, slices.Contains(t.Key, given.Name))
			if err != nil {
				return fmt.Errorf("column %s: %w", given.Name, err)
			}
		}
		if slices.Contains(t.Updates, given.Name) {
			t.updated = append(t.updated, column)
			if slices.Contains(t.Recognized, given.Name) {
				t.seen = append(t.seen, given.Name)
			}
		}
		if column.isParents {
			column.expression = ""
		}
		t.columns = append(t.columns, column)
	}
	for _, name := range slices.Sorted(maps.Keys(parents)) {
		if !slices.ContainsFunc(t.columns, func(c workloadColumn) bool { return c.name == name }) {
			t.columns = append(t.columns, workloadColumn{name: name, isParents: true})
		}
	}
	return nil
}

func (c *compiledPlan) compileChange(given *planChange, g *generators) (*workloadChange, error) {
	change := &workloadChange{planChange: given, table: c.tables[given.Table], isConstant: true}
	for _, children := range given.With {
		change.with = append(change.with, workloadChildren{table: c.tables[children.Table], rows: children.Rows})
	}
	for _, parameter := range given.Parameters {
		compiled := workloadParameter{key: parameter.Key}
		if parameter.Generator != nil {
			var err error
			if compiled.generate, err = g.compile(*parameter.Generator, false); err != nil {
				return nil, err
			}
			change.isConstant = false
		}
		change.parameters = append(change.parameters, compiled)
	}
	return change, nil
}

// checkOrder fails if no table of a circle of references can get the first row.
func (c *compiledPlan) checkOrder() error {
	done := map[*workloadTable]bool{}
	var visit func(t *workloadTable, path []string) error
	visit = func(t *workloadTable, path []string) error {
		if slices.Contains(path, t.name) {
			return fmt.Errorf("tables: %s refer to each other: no row can be the first", strings.Join(path, ", "))
		}
		if done[t] {
			return nil
		}
		for _, r := range t.references {
			if r.isNeeded() {
				if err := visit(r.parent, append(path, t.name)); err != nil {
					return err
				}
			}
		}
		done[t] = true
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.tables)) {
		if err := visit(c.tables[name], nil); err != nil {
			return err
		}
	}
	return nil
}

// link finds out what changes need of the tables.
func (c *compiledPlan) link() {
	deletes := false
	for _, change := range c.changes {
		if change.Operation != insertOperation {
			change.table.isChosen = true
		}
		deletes = deletes || change.Operation == deleteOperation
	}
	for _, t := range c.tables {
		t.hasFollowers = deletes
		for _, r := range t.references {
			if !r.Existing {
				r.parent.isChosen = true
			}
		}
		t.inserts = t.plainInsert(string(insertOperation))
		for _, change := range c.changes {
			if change.table == t && change.Operation == insertOperation {
				t.inserts = t.plainInsert(change.Name)
				break
			}
		}
	}
	for _, t := range c.tables {
		t.kept = append(slices.Clone(t.Key), t.Recognized...)
		for _, other := range c.tables {
			for _, r := range other.references {
				if r.parent == t {
					t.kept = append(t.kept, r.To...)
				}
			}
		}
		slices.Sort(t.kept)
		t.kept = slices.Compact(t.kept)
	}
}

// plainInsert is an insert of one row without children.
func (t *workloadTable) plainInsert(name string) *workloadChange {
	return &workloadChange{planChange: &planChange{Name: name, Operation: insertOperation, Table: t.name}, table: t}
}

func quoted(name string) string {
	return pgx.Identifier{name}.Sanitize()
}

// parameters numbers the parameters of a statement.
type parameters struct {
	count int
}

func (p *parameters) next() string {
	p.count++
	return "$" + strconv.Itoa(p.count)
}

func (t *workloadTable) prepareStatements() {
	var returned strings.Builder
	returned.WriteString(t.ID)
	for _, name := range t.kept {
		returned.WriteString(", " + quoted(name) + "::text")
	}
	key := func(p *parameters) string {
		conditions := make([]string, 0, len(t.Key))
		for _, name := range t.Key {
			conditions = append(conditions, quoted(name)+" = "+p.next())
		}
		return " WHERE " + strings.Join(conditions, " AND ")
	}
	value := func(c workloadColumn, p *parameters) string {
		if c.expression != "" {
			return c.expression
		}
		return p.next()
	}

	t.selectSQL = "SELECT " + returned.String() + " FROM " + t.Relation + key(&parameters{})
	t.deleteSQL = "DELETE FROM " + t.Relation + key(&parameters{})

	inserted := &parameters{}
	names, values := make([]string, 0, len(t.columns)), make([]string, 0, len(t.columns))
	for _, column := range t.columns {
		names = append(names, quoted(column.name))
		values = append(values, value(column, inserted))
	}
	row := " DEFAULT VALUES"
	if len(names) > 0 {
		row = " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
	}
	t.insertSQL = "INSERT INTO " + t.Relation + row + " RETURNING " + returned.String()

	set := &parameters{}
	assigned := make([]string, 0, len(t.updated))
	for _, column := range t.updated {
		assigned = append(assigned, quoted(column.name)+" = "+value(column, set))
	}
	t.updateSQL = "UPDATE " + t.Relation + " SET " + strings.Join(assigned, ", ") + key(set) + " RETURNING " + returned.String()
}

// maxExisting bounds how many existing rows children refer to, for each reference.
const maxExisting = 10_000

// prepare reads what only the database knows, once: where unique integers begin, and the existing rows that children
// refer to.
func (c *compiledPlan) prepare(ctx context.Context, database querier) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isPrepared {
		return nil
	}
	for _, t := range c.tables {
		for _, column := range t.columns {
			if column.unique != nil {
				if err := t.raise(ctx, database, column); err != nil {
					return fmt.Errorf("postgresql: %s: %w", t.name, err)
				}
			}
		}
		for _, r := range t.references {
			if r.Existing {
				if err := r.sample(ctx, database, c.seed); err != nil {
					return fmt.Errorf("postgresql: %s: %w", r.Table, err)
				}
			}
			if r.Existing && !r.Nullable && len(r.existing) == 0 {
				return fmt.Errorf("workload: %s has no row that a row of %s can refer to", r.Table, t.name)
			}
		}
	}
	c.isPrepared = true
	return nil
}

// raise lets a column's unique integers begin above those that are there: a plan may be older than they are.
func (t *workloadTable) raise(ctx context.Context, database querier, column workloadColumn) error {
	// An error of Query is carried by rows and returned by CollectOneRow.
	rows, _ := database.Query(ctx, "SELECT coalesce(max("+quoted(column.name)+"), 0)::text FROM "+t.Relation)
	most, err := pgx.CollectOneRow(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(most, 10, 64)
	if err != nil {
		return errors.New("the largest value of " + column.name + " is not an integer of 64 bits")
	}
	column.unique.raise(number + 1)
	return nil
}

// sampledPages is about how many pages of a table are read for its sample.
const sampledPages = 500

// sample reads the values of rows that children may refer to. The same seed finds the same rows of an unchanged table.
func (r *workloadReference) sample(ctx context.Context, database querier, seed uint64) error {
	conditions, names := make([]string, 0, len(r.To)), make([]string, 0, len(r.To))
	for _, name := range r.To {
		conditions = append(conditions, quoted(name)+" IS NOT NULL")
		names = append(names, quoted(name)+"::text")
	}
	pages, _ := database.Query(ctx, "SELECT greatest(pg_relation_size($1::regclass) / 8192, 1)", r.parent.Relation)
	size, err := pgx.CollectOneRow(pages, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	percent := strconv.FormatFloat(min(100, 100*sampledPages/float64(size)), 'f', -1, 64)
	rows, _ := database.Query(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+r.parent.Relation+
		" TABLESAMPLE SYSTEM ("+percent+") REPEATABLE ("+strconv.FormatUint(seed, 10)+")"+
		" WHERE "+strings.Join(conditions, " AND ")+" LIMIT "+strconv.Itoa(maxExisting))
	r.existing, err = pgx.CollectRows(rows, texts)
	return err
}

// texts scans the columns of a row, which are text or null.
func texts(row pgx.CollectableRow) ([]*string, error) {
	values := make([]*string, len(row.FieldDescriptions()))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	return values, row.Scan(into...)
}

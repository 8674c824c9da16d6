package extension

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// mapping is where the rows of a source table end up. The keys are those of CDC_TABLES.
type mapping struct {
	// Target is the MongoDB collection, or the PostgreSQL table (`schema.table`, quoted as in SQL).
	Target string `json:"target"`
	// Topic has the table's events.
	Topic string `json:"topic"`
	// Key lists the key's columns in the source, in the order of a composite key's text; by default `id`.
	Key []string `json:"key"`
	// Columns has the sink's names of columns that differ from the source's, by the source's name.
	Columns map[string]string `json:"columns"`
	// Ignored lists the source's columns that the pipeline drops or masks: they are not expected in the sink.
	Ignored []string `json:"ignored"`
}

// inSink returns the sink's name of a source column.
func (m mapping) inSink(column string) string {
	if renamed, ok := m.Columns[column]; ok {
		return renamed
	}
	return column
}

func (m mapping) ignores(column string) bool {
	return slices.Contains(m.Ignored, column)
}

// keyInSink returns the sink's names of the key's columns.
func (m mapping) keyInSink() []string {
	columns := make([]string, 0, len(m.Key))
	for _, column := range m.Key {
		columns = append(columns, m.inSink(column))
	}
	return columns
}

// expected returns the values to wait for by the sink's names, without ignored columns.
func (m mapping) expected(fields map[string]*string) map[string]*string {
	expected := make(map[string]*string, len(fields))
	for column, value := range fields {
		if !m.ignores(column) {
			expected[m.inSink(column)] = value
		}
	}
	return expected
}

// tables are the mappings by source table; nil: not given, so that every table has the default of its sink.
type tables map[string]mapping

// parseTables parses CDC_TABLES; empty: not given.
func parseTables(text string) (tables, error) {
	if text == "" {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	given := tables{}
	if err := decoder.Decode(&given); err != nil {
		return nil, fmt.Errorf("tables: %w", err)
	}
	return given, nil
}

// of returns the mapping of a source table.
func (t tables) of(table string, kind sinkKind) (mapping, error) {
	found, ok := t[table]
	if !ok {
		if t != nil {
			return mapping{}, fmt.Errorf("tables: there is no entry for %s", table)
		}
		found = defaultMapping(table, kind)
	}
	if len(found.Key) == 0 {
		found.Key = []string{"id"}
	}
	if kind == kafkaKind && found.Topic == "" {
		return mapping{}, fmt.Errorf("tables: %s has no topic", table)
	}
	if kind != kafkaKind && found.Target == "" {
		return mapping{}, fmt.Errorf("tables: %s has no target", table)
	}
	return found, nil
}

// defaultMapping is that of the sample pipeline.
func defaultMapping(table string, kind sinkKind) mapping {
	target := table
	if _, name, ok := strings.Cut(table, "."); ok && kind == mongodbKind {
		target = name
	}
	return mapping{Target: target, Topic: "cdc." + table}
}

package extension

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.k6.io/k6/js/modules"
)

// sink is where the pipeline ends. All virtual users share it.
type sink interface {
	// ping fails unless the sink answers.
	ping(ctx context.Context) error
	// target returns where the rows of a source table end up. Targets are shared, too.
	target(to mapping) (target, error)
}

// target holds the rows of one source table: a collection, a table, or a topic. Keys are text, and columns have the
// sink's names.
type target interface {
	// wait blocks until the row meets the expectation, the time-out is over, or ctx is done. What went wrong is in the
	// result.
	wait(ctx context.Context, id string, expected expectation, timeout time.Duration) waitResult
	// find returns the row as it is now; nil if there is none.
	find(ctx context.Context, id string) (document, error)
}

// sinkKind is what a sink is, as in CDC_SINK.
type sinkKind string

const (
	mongodbKind  sinkKind = "mongodb"
	postgresKind sinkKind = "postgres"
	kafkaKind    sinkKind = "kafka"
)

// sinkNames has the names of the kinds for people.
var sinkNames = map[sinkKind]string{mongodbKind: "MongoDB", postgresKind: "PostgreSQL", kafkaKind: "Kafka"}

// sinkOptions are what identifies a sink: virtual users that give the same share one.
type sinkOptions struct {
	// Kind is mongodb, postgres, or kafka; empty: mongodb.
	Kind string `js:"kind"`
	// MongodbURI and MongodbDatabase belong to mongodb.
	MongodbURI      string `js:"mongodbUri"`
	MongodbDatabase string `js:"mongodbDatabase"`
	// SinkDSN belongs to postgres.
	SinkDSN string `js:"sinkDsn"`
	// KafkaBootstrap and KafkaClient belong to kafka: addresses, separated by commas, and a JSON object of librdkafka's
	// settings.
	KafkaBootstrap string `js:"kafkaBootstrap"`
	KafkaClient    string `js:"kafkaClient"`
	// Tables is a JSON object of mappings by source table; empty: those of the sample pipeline.
	Tables string `js:"tables"`
	// MaxConnections bounds the connections to a database.
	MaxConnections int32 `js:"maxConnections"`
	// PollInterval is the least time between the starts of two queries of a table, in milliseconds.
	PollInterval float64 `js:"pollInterval"`
	// Ledger is the path of a file in which waits that succeeded are noted; empty: nobody wants to know.
	Ledger string `js:"ledger"`
}

// openSink is a sink with its mappings.
type openSink struct {
	sink   sink
	kind   sinkKind
	tables tables
}

// userSink is a sink as one virtual user sees it.
type userSink struct {
	// Name is what to call the sink in messages.
	Name    string `js:"name"`
	vu      modules.VU
	open    *openSink
	ledger  *ledger
	reports *reports
}

// sink returns the sink that the options describe. Nothing is connected until it is used.
func (i *instance) sink(given sinkOptions) (*userSink, error) {
	path := given.Ledger
	given.Ledger = ""
	if given.Kind == "" {
		given.Kind = string(mongodbKind)
	}
	if given.MaxConnections <= 0 {
		given.MaxConnections = defaultMaxConnections
	}
	if given.PollInterval == 0 {
		given.PollInterval = defaultPollInterval
	}
	open, err := i.sinks.get(given, func() (*openSink, error) { return i.openSink(given) })
	if err != nil {
		return nil, err
	}
	s := &userSink{Name: sinkNames[open.kind], vu: i.vu, open: open, reports: i.reports}
	if path != "" {
		s.ledger, err = i.openLedger(path)
	}
	return s, err
}

func (m *module) openSink(given sinkOptions) (*openSink, error) {
	interval, err := positive("pollInterval", given.PollInterval)
	if err != nil {
		return nil, err
	}
	mapped, err := parseTables(given.Tables)
	if err != nil {
		return nil, err
	}
	open := &openSink{kind: sinkKind(given.Kind), tables: mapped}
	switch open.kind {
	case mongodbKind:
		open.sink, err = newMongodbSink(given, interval)
	case postgresKind:
		open.sink, err = m.newPostgresSink(given, interval)
	case kafkaKind:
		open.sink, err = newKafkaSink(given)
	default:
		return nil, fmt.Errorf("sink: kind must be mongodb, postgres, or kafka, not %q", given.Kind)
	}
	if err != nil {
		return nil, err
	}
	return open, nil
}

// Ping fails unless the sink answers.
func (s *userSink) Ping(timeoutMs float64) error {
	ctx, cancel, err := deadline(s.vu, timeoutMs)
	if err != nil {
		return err
	}
	defer cancel()
	return s.open.sink.ping(ctx)
}

// Table returns where the rows of a source table end up. For Kafka it blocks until it is known where the topic ends
// now: events from there on are found.
func (s *userSink) Table(name string) (*userTable, error) {
	to, err := s.open.tables.of(name, s.open.kind)
	if err != nil {
		return nil, err
	}
	target, err := s.open.sink.target(to)
	if err != nil {
		return nil, err
	}
	return &userTable{sink: s, name: name, mapping: to, target: target}, nil
}

// userTable is a source table in the sink as one virtual user sees it. Columns have the source's names; this is the
// only place where they are mapped to the sink's.
type userTable struct {
	sink    *userSink
	name    string
	mapping mapping
	target  target
}

type waitOptions struct {
	// Fields are the values that columns must have, as text or null.
	Fields map[string]*string `js:"fields"`
	// Deleted waits for the row to be absent or marked as deleted.
	Deleted bool    `js:"deleted"`
	Timeout float64 `js:"timeout"`
	// Op is the operation waited for (c, u, or d), for the ledger.
	Op string `js:"op"`
}

// expectation is what the options ask for.
func (t *userTable) expectation(given waitOptions) (expectation, error) {
	if given.Deleted && len(given.Fields) > 0 {
		return expectation{}, errors.New("a deleted row has no fields to wait for")
	}
	expected := expectation{deleted: given.Deleted, fields: t.mapping.expected(given.Fields)}
	if given.Op == "u" && len(expected.fields) == 0 {
		return expectation{}, fmt.Errorf(
			"the pipeline ignores every column that the update of %s sets: it cannot be seen", t.name,
		)
	}
	return expected, nil
}

// Wait waits for a row to be as expected. A time-out and a failing sink are outcomes in the result; only a wrong call
// is an error.
func (t *userTable) Wait(id string, given waitOptions) (*waitResult, error) {
	timeout, err := positive("timeout", given.Timeout)
	if err != nil {
		return nil, err
	}
	if t.sink.vu.State() == nil {
		return nil, errInit
	}
	expected, err := t.expectation(given)
	if err != nil {
		return nil, err
	}
	result := t.target.wait(t.sink.vu.Context(), id, expected, timeout)
	if result.Found && t.sink.ledger != nil && given.Op != "" {
		seen := row{Table: t.name, Key: id, Op: given.Op}
		warnOfLedger(t.sink.vu, t.sink.reports, t.sink.ledger.noteSeen(seen, result.metAt))
	}
	return &result, nil
}

// Holds reads a row and reports whether it is as expected.
func (t *userTable) Holds(id string, given waitOptions) (bool, error) {
	ctx, cancel, err := deadline(t.sink.vu, given.Timeout)
	if err != nil {
		return false, err
	}
	defer cancel()
	expected, err := t.expectation(given)
	if err != nil {
		return false, err
	}
	found, err := t.target.find(ctx, id)
	if err != nil {
		return false, err
	}
	return expected.metBy(found), nil
}

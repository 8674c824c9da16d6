package extension

import (
	"strings"
	"testing"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/modulestest"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
)

// user is a virtual user in its init context, with the exports of the module as `cdc`.
type user struct {
	*modulestest.Runtime
	samples chan metrics.SampleContainer
}

func newUser(t *testing.T, m *module) *user {
	t.Helper()
	u := &user{Runtime: modulestest.NewRuntime(t), samples: make(chan metrics.SampleContainer, 100)}
	u.set(t, "cdc", m.NewModuleInstance(u.VU).Exports().Named)
	return u
}

func (u *user) set(t *testing.T, name string, value any) {
	t.Helper()
	if err := u.VU.Runtime().Set(name, value); err != nil {
		t.Fatal(err)
	}
}

// iterate moves the virtual user from its init context into an iteration.
func (u *user) iterate() *user {
	tags := lib.NewVUStateTags(u.VU.InitEnv().Registry.RootTagSet().With("phase", "steady"))
	u.MoveToVUContext(&lib.State{Samples: u.samples, Tags: tags})
	return u
}

func (u *user) run(t *testing.T, script string) sobek.Value {
	t.Helper()
	value, err := u.VU.Runtime().RunString(script)
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return value
}

const (
	testDSN = "postgresql://cdc@127.0.0.1:1/cdc"
	testURI = "mongodb://127.0.0.1:1"
)

func TestOptionsReachGo(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		m := newModule()
		newUser(t, m).run(t, `cdc.postgres("`+testDSN+`", { maxConnections: 7 })`)
		pool := m.pools.values[poolKey{testDSN, 7}]
		if pool == nil || pool.Config().MaxConns != 7 {
			t.Errorf("the pools are %v", m.pools.values)
		}
	})
	t.Run("sink", func(t *testing.T) {
		m := newModule()
		newUser(t, m).run(t, `cdc.sink({
			kind: "postgres", mongodbUri: "a", mongodbDatabase: "b", sinkDsn: "`+testDSN+`", kafkaBootstrap: "c",
			kafkaClient: "d", tables: '{"public.customer": {"target": "customer"}}', maxConnections: 7, pollInterval: 2.5,
		})`)
		open := m.sinks.values[sinkOptions{
			Kind: "postgres", MongodbURI: "a", MongodbDatabase: "b", SinkDSN: testDSN, KafkaBootstrap: "c", KafkaClient: "d",
			Tables: `{"public.customer": {"target": "customer"}}`, MaxConnections: 7, PollInterval: 2.5,
		}]
		if open == nil {
			t.Fatalf("the sinks are %v", m.sinks.values)
		}
		sink := open.sink.(*postgresSink)
		if sink.interval != 2500*time.Microsecond || sink.pool.Config().MaxConns != 7 {
			t.Errorf("the sink is %+v", sink)
		}
	})
	t.Run("none are needed", func(t *testing.T) {
		m := newModule()
		newUser(t, m).run(t, `cdc.postgres("`+testDSN+`"); cdc.sink({ mongodbUri: "`+testURI+`" })`)
		if _, ok := m.pools.values[poolKey{testDSN, defaultMaxConnections}]; !ok {
			t.Errorf("the pools are %v", m.pools.values)
		}
		defaults := sinkOptions{
			Kind: "mongodb", MongodbURI: testURI, MaxConnections: defaultMaxConnections, PollInterval: defaultPollInterval,
		}
		if _, ok := m.sinks.values[defaults]; !ok {
			t.Errorf("the sinks are %v", m.sinks.values)
		}
	})
}

func TestASinkHasTheNameOfItsKind(t *testing.T) {
	u := newUser(t, newModule())
	for options, want := range map[string]string{
		`{ mongodbUri: "` + testURI + `" }`:                           "MongoDB",
		`{ kind: "mongodb", mongodbUri: "` + testURI + `" }`:          "MongoDB",
		`{ kind: "postgres", sinkDsn: "` + testDSN + `" }`:            "PostgreSQL",
		`{ kind: "kafka", kafkaBootstrap: "127.0.0.1:1", tables: ""}`: "Kafka",
	} {
		if got := u.run(t, `cdc.sink(`+options+`).name`).String(); got != want {
			t.Errorf("%s is called %s", options, got)
		}
	}
}

func TestVirtualUsersShareConnections(t *testing.T) {
	m := newModule()
	for range 500 {
		newUser(t, m).run(t, `cdc.postgres("`+testDSN+`"); cdc.sink({ mongodbUri: "`+testURI+`" }).table("public.customer")`)
	}
	if len(m.pools.values) != 1 || len(m.sinks.values) != 1 {
		t.Fatalf("%d pools and %d sinks", len(m.pools.values), len(m.sinks.values))
	}
	for _, open := range m.sinks.values {
		collections := open.sink.(*mongodbSink).collections.values
		if len(collections) != 1 || collections["customer"] == nil {
			t.Errorf("the collections are %v", collections)
		}
	}
}

func TestWrongCallsThrow(t *testing.T) {
	const needed = `const database = cdc.postgres("` + testDSN + `"), sink = cdc.sink({ mongodbUri: "` + testURI + `" });
		const customers = sink.table("public.customer"), one = { sql: "SELECT 1", args: [] };
		const mapped = (tables, kind = "mongodb") => cdc.sink({ kind, mongodbUri: "` + testURI + `", sinkDsn: "` + testDSN + `",
			kafkaBootstrap: "127.0.0.1:1", tables: JSON.stringify(tables) }).table("public.customer");`
	tests := map[string]struct {
		script, want string
		inInit       bool
	}{
		"DSN":                  {script: `cdc.postgres("postgresql://:port/")`, want: "postgresql: ", inInit: true},
		"URI":                  {script: `cdc.sink({ mongodbUri: "http://127.0.0.1" })`, want: "mongodb: ", inInit: true},
		"sink's DSN":           {script: `cdc.sink({ kind: "postgres", sinkDsn: "postgresql://:port/" })`, want: "postgresql: ", inInit: true},
		"bootstrap":            {script: `cdc.sink({ kind: "kafka", kafkaBootstrap: " , " })`, want: "kafka: no bootstrap address", inInit: true},
		"client":               {script: `cdc.sink({ kind: "kafka", kafkaBootstrap: "a:1", kafkaClient: "[]" })`, want: "kafka: the client settings are not a JSON object", inInit: true},
		"kind":                 {script: `cdc.sink({ kind: "redis" })`, want: `sink: kind must be mongodb, postgres, or kafka, not "redis"`, inInit: true},
		"tables":               {script: `cdc.sink({ mongodbUri: "` + testURI + `", tables: "{" })`, want: "tables: ", inInit: true},
		"field of tables":      {script: `mapped({ "public.customer": { collection: "a" } })`, want: `tables: json: unknown field "collection"`, inInit: true},
		"unmapped table":       {script: `mapped({ "public.orders": { target: "orders" } })`, want: "tables: there is no entry for public.customer", inInit: true},
		"no target":            {script: `mapped({ "public.customer": { topic: "a" } })`, want: "tables: public.customer has no target", inInit: true},
		"no topic":             {script: `mapped({ "public.customer": { target: "a" } }, "kafka")`, want: "tables: public.customer has no topic", inInit: true},
		"target's name":        {script: `mapped({ "public.customer": { target: 'a."b' } }, "postgres")`, want: "is not a table name", inInit: true},
		"composite key":        {script: `mapped({ "public.customer": { target: "a", key: ["b", "c"] } }, "postgres")`, want: "postgresql: a has a key of 2 columns; the load generator can wait for one", inInit: true},
		"only ignored columns": {script: `mapped({ "public.customer": { target: "a", ignored: ["b"] } }).wait("a", { fields: { b: "1" }, op: "u", timeout: 1 })`, want: "the pipeline ignores every column that the update of public.customer sets"},
		"poll interval":        {script: `cdc.sink({ mongodbUri: "` + testURI + `", pollInterval: -1 })`, want: "pollInterval must be positive milliseconds, not -1", inInit: true},
		"no time-out":          {script: `database.query(one)`, want: "timeout must be positive milliseconds, not 0"},
		"undefined time-out":   {script: `database.write([one], undefined)`, want: "timeout must be positive milliseconds, not 0"},
		"time-out of nothing":  {script: `sink.ping(1e-9)`, want: "timeout must be positive milliseconds"},
		"find in no time":      {script: `customers.holds("a", {})`, want: "timeout must be positive milliseconds, not 0"},
		"wait for no time":     {script: `customers.wait("a", { fields: {} })`, want: "timeout must be positive milliseconds, not 0"},
		"deleted with content": {script: `customers.wait("a", { deleted: true, fields: { a: "b" }, timeout: 1 })`, want: "a deleted row has no fields to wait for"},
		"query in init":        {script: `database.query(one, 1000)`, want: "init context", inInit: true},
		"wait in init":         {script: `customers.wait("a", { timeout: 1000 })`, want: "init context", inInit: true},
		"delay in init":        {script: `cdc.emitGeneratorDelay()`, want: "init context", inInit: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			u := newUser(t, newModule())
			if !test.inInit {
				u.iterate()
			}
			_, err := u.VU.Runtime().RunString(needed + test.script)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestTimeIsFinerThanMilliseconds(t *testing.T) {
	u := newUser(t, newModule())
	const script = `let previous = cdc.now(), fraction = false;
		for (let i = 0; i < 1000; i += 1) {
			const next = cdc.now();
			if (next < previous) { throw new Error("time went back"); }
			fraction ||= !Number.isInteger(next);
			previous = next;
		}
		fraction`
	if !u.run(t, script).ToBoolean() {
		t.Error("a thousand readings were whole milliseconds")
	}
}

func TestTheGeneratorsDelayIsEmittedOnceForAllUsers(t *testing.T) {
	m := newModule()
	// The clock of this test.
	m.delays.started.Do(func() {})
	due := time.Now()
	m.delays.note(due, due.Add(12*time.Millisecond))
	first, second := newUser(t, m).iterate(), newUser(t, m).iterate()
	for _, u := range []*user{first, second} {
		u.run(t, `cdc.emitGeneratorDelay()`)
		close(u.samples)
	}
	var got []metrics.Sample
	for container := range first.samples {
		got = append(got, container.GetSamples()...)
	}
	if len(got) != 2 || got[0].Value != 12 || got[1].Value != 2 || !got[1].Time.Equal(due.Add(delayPeriod)) {
		t.Errorf("got %+v, want lateness of 12 and 2 ms", got)
	}
	for _, sample := range got {
		if phase, _ := sample.Tags.Get("phase"); sample.Metric.Name != "generator_delay" || phase != "steady" {
			t.Errorf("%s is tagged with phase %q", sample.Metric.Name, phase)
		}
	}
	for container := range second.samples {
		if again := container.GetSamples(); len(again) != 0 {
			t.Errorf("the second user has emitted %d samples again", len(again))
		}
	}
}

func TestTheFirstEmissionStartsTheTicks(t *testing.T) {
	u := newUser(t, newModule()).iterate()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		u.run(t, `cdc.emitGeneratorDelay()`)
		select {
		case container := <-u.samples:
			if len(container.GetSamples()) > 0 {
				return
			}
		case <-time.After(delayPeriod):
		}
	}
	t.Error("no tick within 10 s")
}

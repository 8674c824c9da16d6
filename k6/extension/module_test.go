package extension

import (
	"context"
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
	t.Run("mongodb", func(t *testing.T) {
		m := newModule()
		newUser(t, m).run(t, `cdc.mongodb("`+testURI+`", { maxConnections: 7, pollInterval: 2.5 })`)
		client := m.clients.values[clientKey{testURI, mongodbOptions{MaxConnections: 7, PollInterval: 2.5}}]
		if client == nil || client.interval != 2500*time.Microsecond {
			t.Errorf("the clients are %v", m.clients.values)
		}
	})
	t.Run("none are needed", func(t *testing.T) {
		m := newModule()
		newUser(t, m).run(t, `cdc.postgres("`+testDSN+`"); cdc.mongodb("`+testURI+`")`)
		if _, ok := m.pools.values[poolKey{testDSN, defaultMaxConnections}]; !ok {
			t.Errorf("the pools are %v", m.pools.values)
		}
		defaults := mongodbOptions{MaxConnections: defaultMaxConnections, PollInterval: defaultPollInterval}
		if _, ok := m.clients.values[clientKey{testURI, defaults}]; !ok {
			t.Errorf("the clients are %v", m.clients.values)
		}
	})
}

func TestVirtualUsersShareConnections(t *testing.T) {
	m := newModule()
	for range 500 {
		newUser(t, m).run(t, `cdc.postgres("`+testDSN+`"); cdc.mongodb("`+testURI+`").collection("cdc", "customer")`)
	}
	if len(m.pools.values) != 1 || len(m.clients.values) != 1 {
		t.Fatalf("%d pools and %d clients", len(m.pools.values), len(m.clients.values))
	}
	for _, client := range m.clients.values {
		if len(client.pollers.values) != 1 {
			t.Errorf("%d pollers", len(client.pollers.values))
		}
	}
}

func TestWrongCallsThrow(t *testing.T) {
	const needed = `const database = cdc.postgres("` + testDSN + `"), server = cdc.mongodb("` + testURI + `");
		const customers = server.collection("cdc", "customer"), one = { sql: "SELECT 1", args: [] };`
	tests := map[string]struct {
		script, want string
		inInit       bool
	}{
		"DSN":                  {script: `cdc.postgres("postgresql://:port/")`, want: "postgresql: ", inInit: true},
		"URI":                  {script: `cdc.mongodb("http://127.0.0.1")`, want: "mongodb: ", inInit: true},
		"poll interval":        {script: `cdc.mongodb("` + testURI + `", { pollInterval: -1 })`, want: "pollInterval must be positive milliseconds, not -1", inInit: true},
		"no time-out":          {script: `database.query(one)`, want: "timeout must be positive milliseconds, not 0"},
		"undefined time-out":   {script: `database.write([one], undefined)`, want: "timeout must be positive milliseconds, not 0"},
		"time-out of nothing":  {script: `server.ping(1e-9)`, want: "timeout must be positive milliseconds"},
		"find in no time":      {script: `customers.findOne("a", {})`, want: "timeout must be positive milliseconds, not 0"},
		"wait for no time":     {script: `customers.wait("a", { fields: {} })`, want: "timeout must be positive milliseconds, not 0"},
		"deleted with content": {script: `customers.wait("a", { deleted: true, fields: { a: "b" }, timeout: 1 })`, want: "a deleted document has no fields to wait for"},
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

func TestWaitInJavaScript(t *testing.T) {
	find := func(context.Context, []string) (map[string]document, error) {
		return map[string]document{"a": {"_id": "a", "status": "new"}}, nil
	}
	tests := map[string]struct{ call, want string }{
		"found": {
			`customers.wait("a", { fields: { status: "new" }, deleted: undefined, timeout: 5000 })`,
			`["found","durationMs","attempts","error"] true 1 `,
		},
		"not deleted in time": {
			`customers.wait("a", { fields: undefined, deleted: true, timeout: 0.5 })`,
			`["found","durationMs","attempts","error"] false 1 `,
		},
		"absent is deleted": {
			`customers.wait("b", { deleted: true, timeout: 5000 })`,
			`["found","durationMs","attempts","error"] true 1 `,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			u := newUser(t, newModule()).iterate()
			// An hour between queries: the first one decides.
			u.set(t, "customers", &collection{vu: u.VU, poller: newPoller(find, time.Hour)})
			got := u.run(t, `const r = `+test.call+`;
				if (typeof r.durationMs !== "number" || !(r.durationMs >= 0)) { throw new Error(String(r.durationMs)); }
				[JSON.stringify(Object.keys(r)), r.found, r.attempts, r.error].join(" ")`).String()
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
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

// Package extension is the k6 JavaScript module `k6/x/cdc`: a workload that changes rows in PostgreSQL, reads from the
// sink (MongoDB, PostgreSQL, or Kafka), and the wait for a row to arrive there, timed in Go.
package extension

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/metrics"
)

func init() {
	modules.Register("k6/x/cdc", newModule())
}

// connectTimeout bounds how long a connection to a database or a broker may take to be made.
const connectTimeout = 5 * time.Second

// module is shared by all virtual users of the process, and with it the connection pools, the sinks, the
// generator's clock and the memory of what was logged.
type module struct {
	pools   shared[poolKey, *pool]
	sinks   shared[sinkOptions, *openSink]
	ledgers shared[string, *ledger]
	plans   shared[string, *compiledPlan]
	reports *reports
	delays  delays
}

func newModule() *module {
	return &module{reports: newReports()}
}

// instance is the module as one virtual user sees it.
type instance struct {
	*module
	vu             modules.VU
	generatorDelay *metrics.Metric
}

// NewModuleInstance is called by k6 once for each virtual user.
func (m *module) NewModuleInstance(vu modules.VU) modules.Instance {
	delay, err := vu.InitEnv().Registry.NewMetric("generator_delay", metrics.Trend, metrics.Time)
	if err != nil {
		common.Throw(vu.Runtime(), err)
	}
	return &instance{module: m, vu: vu, generatorDelay: delay}
}

// Exports lists what JavaScript can import.
func (i *instance) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{
		"postgres":           i.postgres,
		"sink":               i.sink,
		"workload":           i.workload,
		"now":                now,
		"firstFew":           i.reports.firstFew,
		"emitGeneratorDelay": i.emitGeneratorDelay,
	}}
}

// emitGeneratorDelay emits the lateness of every tick since the last call of any virtual user, at the time that
// the tick was due. The first call starts the ticks.
func (i *instance) emitGeneratorDelay() error {
	state := i.vu.State()
	if state == nil {
		return errInit
	}
	i.delays.start()
	series := metrics.TimeSeries{Metric: i.generatorDelay, Tags: state.Tags.GetCurrentValues().Tags}
	taken := i.delays.take()
	samples := make(metrics.Samples, 0, len(taken))
	for _, late := range taken {
		samples = append(samples, metrics.Sample{
			TimeSeries: series, Time: late.due, Value: milliseconds(late.delay),
		})
	}
	metrics.PushIfNotDone(i.vu.Context(), state.Samples, samples)
	return nil
}

var errInit = errors.New("databases cannot be used in the init context")

// deadline returns the context of the virtual user's current iteration, limited to the time-out.
func deadline(vu modules.VU, timeoutMs float64) (context.Context, context.CancelFunc, error) {
	timeout, err := positive("timeout", timeoutMs)
	if err != nil {
		return nil, nil, err
	}
	if vu.State() == nil {
		return nil, nil, errInit
	}
	ctx, cancel := context.WithTimeout(vu.Context(), timeout)
	return ctx, cancel, nil
}

// positive converts milliseconds given by JavaScript, where a forgotten value is zero or NaN.
func positive(name string, ms float64) (time.Duration, error) {
	duration := time.Duration(ms * float64(time.Millisecond))
	if !(ms > 0) || duration <= 0 {
		return 0, fmt.Errorf("%s must be positive milliseconds, not %v", name, ms)
	}
	return duration, nil
}

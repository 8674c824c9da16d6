// Loads two versions of the pipeline, each on a stack of its own. At first both are warmed up at once; then they have
// the load in turn, a slice each. One generator and one clock measure both. `CDC_COMPARISON` is the JSON of `Load` in
// scripts/cdc_perf/perf/comparison/load.py.

import { SHORTEST_TIMEOUT, gracefulStop, running } from './lib/options.js';
import { begin, connectionTo, iterate } from './lib/pipeline.js';
import { endpointsIn } from './lib/endpoints.js';
import exec from 'k6/execution';
import { summaryTrendStats } from './lib/thresholds.js';
import { workload } from 'k6/x/cdc';

export { handleSummary } from './lib/report.js';

// Of k6's own 60 s for the setup.
const PREPARE_TIMEOUT = 25_000;
const WARM_UP = 'warm-up';

const load = JSON.parse(__ENV.CDC_COMPARISON);
const { rate, warm_up_rate: warmUpRate, warm_up_ms: warmUp, slice_ms: sliceLength, order } = load;

Object.assign(running, {
  name: 'comparison',
  description: `two versions in turn, ${order.length} slices`,
  thinkTime: 0,
  length: warmUp + order.length * sliceLength,
  warmUp,
  timeout: SHORTEST_TIMEOUT,
});

export const options = {
  scenarios: {
    comparison: {
      executor: 'ramping-arrival-rate',
      startRate: warmUpRate,
      timeUnit: '1s',
      stages: [
        { target: warmUpRate, duration: `${warmUp}ms` },
        // A jump: ramps would load the first slice with another rate.
        { target: rate, duration: '0s' },
        { target: rate, duration: `${order.length * sliceLength}ms` },
      ],
      preAllocatedVUs: load.ready_vus,
      maxVUs: load.most_vus,
      gracefulStop: `${gracefulStop()}ms`,
    },
  },
  summaryTrendStats,
};

let workloads;

/** The workload of each version, by its side. */
function opened() {
  workloads ??= Object.fromEntries(
    Object.entries(load.sides).map(([side, { endpoints, plan }]) => {
      const { database, end } = connectionTo(endpointsIn(endpoints));
      return [side, workload(plan, database, end)];
    }),
  );
  return workloads;
}

export function setup() {
  begin();
  for (const each of Object.values(opened())) {
    each.prepare(PREPARE_TIMEOUT);
  }
  // The harness waits for this line.
  console.log('the load begins');
}

/** The number of the slice that an iteration starts in; none during the warm-up. */
function sliceNow() {
  const number = Math.floor((Date.now() - exec.scenario.startTime - warmUp) / sliceLength);
  return number < 0 ? undefined : Math.min(number, order.length - 1);
}

export default function compareVersions() {
  const number = sliceNow();
  const side = number === undefined ? ['base', 'head'][exec.scenario.iterationInTest % 2] : order[number];
  const { tags } = exec.vu.metrics;
  tags.side = side;
  tags.slice = number === undefined ? WARM_UP : String(number);
  iterate(() => opened()[side].next());
}

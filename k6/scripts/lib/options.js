// The k6 options of a scenario, and its settings for the iterations.

import { effectiveShape, lengthOf } from './shape.js';
import { k6Thresholds, largestLimit, limitsOf, summaryTrendStats } from './thresholds.js';
import { scenarios } from './settings.js';

const LONGEST_WARM_UP = 30_000;
export const SHORTEST_TIMEOUT = 10_000;
// A change that is written while the pipeline is down must be followed until it arrives: its age is a measure.
const FAULTED_TIMEOUT = 60_000;
const MARGIN = 5000;

/** The timeout for one read of a row in the sink, in milliseconds. */
export const READ_TIMEOUT = 5000;

/** Think times vary from 0.5 to 1.5 times their mean, so that virtual users do not run in lockstep. */
export const thinkTime = (mean) => mean * (0.5 + Math.random());

/**
 * The running scenario: `name`, `description`, `thinkTime` (mean, in seconds), `length` (milliseconds of load, 0 for a
 * fixed number of iterations), `warmUp` (milliseconds from its start), `timeout` (milliseconds from the start of an
 * iteration until its row counts as missing).
 */
export const running = {};

/** Milliseconds in which a running iteration may finish: its timeout, its read, its longest think time, and a margin. */
export const gracefulStop = () => running.timeout + READ_TIMEOUT + 1500 * running.thinkTime + MARGIN;

/**
 * The options of a scenario's script, which several scenarios may share: `CDC_SCENARIO` names another one than the
 * script's own. In a ramp to find the highest rate, the first failed threshold ends the run: it is the answer, and
 * continuing would show nothing more.
 */
export function scenarioOptions(own) {
  const name = __ENV.CDC_SCENARIO || own;
  const scenario = scenarios[name];
  if (!scenario) {
    throw new Error(`scenarios.json has no scenario '${name}'; known: ${Object.keys(scenarios).join(', ')}`);
  }
  const abortOnFail = Boolean(scenario.hold) && !__ENV.HOLD_RATE;
  const shape = effectiveShape(scenario, __ENV);
  const length = lengthOf(shape);
  // Only its checks judge the health check.
  const judged = name !== 'health-check';
  const limits = judged ? limitsOf(name, __ENV.CDC_ENV) : {};
  const faulted = Boolean(__ENV.CDC_FAULTS);
  const shortest = faulted ? FAULTED_TIMEOUT : SHORTEST_TIMEOUT;
  const timeout = Math.max(shortest, 2 * largestLimit(limits, 'cdc_e2e_latency'));
  Object.assign(running, {
    name,
    description: scenario.description,
    thinkTime: scenario.think_time_seconds,
    length,
    warmUp: Math.min(LONGEST_WARM_UP, length / 10),
    timeout,
  });
  const graceful = gracefulStop();
  const ramping = shape.executor === 'ramping-vus' ? { gracefulRampDown: `${graceful}ms` } : {};
  return {
    scenarios: { [name]: { ...shape, ...ramping, gracefulStop: `${graceful}ms` } },
    thresholds: judged ? k6Thresholds(limits, { abortOnFail, judged: !faulted }) : {},
    summaryTrendStats,
  };
}

// The output of k6: summary.json for the harness, a short text for the terminal. k6 exits with 0 if handleSummary
// throws, so nothing here requires a metric to exist.

import { metricTable } from './settings.js';
import { running } from './options.js';
import { table } from './table.js';

/** The summary as a plain object; its shape is the contract with the harness. */
function summarize(data) {
  const metrics = {};
  for (const [name, metric] of Object.entries(data.metrics)) {
    const thresholds = Object.entries(metric.thresholds ?? {}).map(([expression, { ok }]) => [expression, ok]);
    metrics[name] = {
      type: metric.type,
      contains: metric.contains,
      values: metric.values,
      ...(thresholds.length > 0 && { thresholds: Object.fromEntries(thresholds) }),
    };
  }
  return {
    schema_version: 1,
    scenario: running.name,
    duration_ms: data.state.testRunDurationMs,
    metrics,
    checks: data.root_group.checks.map(({ name, passes, fails }) => ({ name, passes, fails })),
  };
}

const number = (value) => {
  if (typeof value !== 'number' || Number.isInteger(value)) {
    return String(value ?? '-');
  }
  return value.toFixed(Math.abs(value) < 10 ? 3 : 1);
};

function hasSamples({ type, values }) {
  return { trend: values.count, rate: values.passes + values.fails }[type] !== 0;
}

function thresholdRows(metrics) {
  return Object.entries(metrics).flatMap(([name, metric]) =>
    Object.entries(metric.thresholds ?? {}).map(([expression, ok]) => {
      if (!hasSamples(metric)) {
        // k6 passes thresholds of a metric without samples, or evaluates zeroes.
        return ['NO-DATA', name, expression, '-'];
      }
      const [stat] = expression.split(/[<>=]/u);
      return [ok ? 'ok' : 'BROKEN', name, expression, number(metric.values[stat])];
    }),
  );
}

function trendRow(label, values) {
  return [label, ...['count', 'p(50)', 'p(95)', 'p(99)', 'max'].map((stat) => number(values[stat]))];
}

function trendRows(metrics) {
  return Object.entries(metricTable)
    .filter(([, { type }]) => type === 'trend')
    .map(([name, { phase, unit }]) => [phase === 'steady' ? `${name}{phase:steady}` : name, unit])
    .filter(([name]) => metrics[name]?.values.count > 0)
    .map(([name, unit]) => trendRow(`${name} (${unit})`, metrics[name].values));
}

function valueRows(metrics) {
  return Object.entries(metricTable)
    .filter(([name, { type }]) => type !== 'trend' && metrics[name])
    .map(([name, { type }]) => [name, number(metrics[name].values[type === 'rate' ? 'rate' : 'count'])]);
}

const checkRows = (checks) =>
  checks.map(({ name, passes, fails }) => [fails === 0 ? 'ok' : 'FAILED', name, `${passes} of ${passes + fails}`]);

function heading(scenario) {
  const overrides = ['DURATION', 'VUS', 'CDC_ENV'].filter((name) => __ENV[name]);
  return [`${scenario}: ${running.description}`, ...overrides.map((name) => `${name}=${__ENV[name]}`)].join(', ');
}

function text({ scenario, duration_ms: duration, metrics, checks }) {
  const iterations = metrics.iterations?.values.count ?? 0;
  return [
    heading(scenario),
    `${number(duration / 1000)} s, ${iterations} iterations, ${number((1000 * iterations) / duration)} iterations/s`,
    ...table(['', 'metric', 'threshold', 'observed'], thresholdRows(metrics)),
    ...table(['metric', 'count', 'p50', 'p95', 'p99', 'max'], trendRows(metrics)),
    ...table(['metric', 'value'], valueRows(metrics)),
    ...table(['', 'check', 'passed'], checkRows(checks)),
    '',
  ].join('\n');
}

/** Called by k6 at the end of the test. */
export function handleSummary(data) {
  const summary = summarize(data);
  const outputs = { stdout: text(summary) };
  if (__ENV.CDC_SUMMARY) {
    outputs[__ENV.CDC_SUMMARY] = JSON.stringify(summary);
  }
  return outputs;
}

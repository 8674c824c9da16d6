// k6 thresholds from thresholds.json: overlaid, checked and spelled as k6 wants them.

import { limits, metricTable } from './settings.js';

const STATS = {
  trend: ['count', 'min', 'avg', 'med', 'max', 'p50', 'p90', 'p95', 'p99', 'p99.9'],
  rate: ['rate'],
  counter: ['count', 'rate'],
};
const EXPRESSION = /^([a-z]+[\d.]*(?:\([\d.]+\))?) *(<=|>=|<|>) *(\d+(?:\.\d+)?)$/u;

const canonical = (stat) => stat.replace(/^p\(([\d.]+)\)$/u, 'p$1');
const inK6 = (stat) => stat.replace(/^p(\d[\d.]*)$/u, 'p($1)');

/** What the summary tells of a trend: every stat that can be limited. k6 itself would leave out some of them. */
export const summaryTrendStats = STATS.trend.map((stat) => inK6(stat));

/** The limits of a scenario, `{metric: {stat: number | text}}`, the later table winning for each metric and stat. */
export function limitsOf(scenario, environment) {
  const overlay = environment ? limits.environments?.[environment] : {};
  if (!overlay) {
    const known = Object.keys(limits.environments ?? {}).join(', ');
    throw new Error(`CDC_ENV: thresholds.json has no environment '${environment}', only: ${known}`);
  }
  const merged = {};
  for (const table of [limits.default, limits[scenario], overlay.default, overlay[scenario]]) {
    for (const [metric, stats] of Object.entries(table ?? {})) {
      merged[metric] = { ...merged[metric], ...stats };
    }
  }
  return merged;
}

/** A limit as its parts `{operator, limit}`: a plain number is inclusive, on the side that the metric's table says. */
function parsed(metric, stat, value) {
  if (typeof value === 'number') {
    return { operator: metricTable[metric].better === 'lower' ? '<=' : '>=', limit: value };
  }
  const [, named, operator, limit] = EXPRESSION.exec(String(value).trim()) ?? [];
  if (!operator || canonical(named) !== stat) {
    throw new Error(`thresholds.json: ${metric}.${stat}: '${value}' is neither a number nor '${stat} OPERATOR number'`);
  }
  return { operator, limit: Number(limit) };
}

/** The largest limit on a trend in its own unit, 0 when there is none. */
export function largestLimit(scenarioLimits, metric) {
  const durations = Object.entries(scenarioLimits[metric] ?? {}).filter(([stat]) => stat !== 'count');
  return durations.reduce((largest, [stat, value]) => Math.max(largest, parsed(metric, stat, value).limit), 0);
}

/**
 * k6 thresholds by metric. Every metric of the table gets a list, empty where it has no limit: k6 then keeps the
 * steady sub-metric, and shows a counter that nothing touched as 0. Metrics that are not in the table, and counts of
 * trends, for which k6 has no thresholds, are judged by the harness.
 */
export function k6Thresholds(scenarioLimits, abortOnFail) {
  const thresholds = {};
  for (const [metric, { type, phase }] of Object.entries(metricTable)) {
    const list = [];
    for (const [stat, value] of Object.entries(scenarioLimits[metric] ?? {})) {
      if (!STATS[type].includes(stat)) {
        throw new Error(`thresholds.json: ${metric} is a ${type} and has no '${stat}', only: ${STATS[type].join(', ')}`);
      }
      const { operator, limit } = parsed(metric, stat, value);
      if (type !== 'trend' || stat !== 'count') {
        const threshold = `${inK6(stat)}${operator}${limit}`;
        list.push(abortOnFail ? { threshold, abortOnFail, delayAbortEval: '10s' } : threshold);
      }
    }
    thresholds[phase === 'steady' ? `${metric}{phase:steady}` : metric] = list;
  }
  return thresholds;
}

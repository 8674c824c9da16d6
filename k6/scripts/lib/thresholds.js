// k6 thresholds from thresholds.json: merged, checked, and in k6's spelling.

import { limits, metricTable } from './settings.js';

const STATS = {
  trend: ['count', 'min', 'avg', 'med', 'max', 'p50', 'p90', 'p95', 'p99', 'p99.9'],
  rate: ['rate'],
  counter: ['count', 'rate'],
};
const EXPRESSION = /^([a-z]+[\d.]*(?:\([\d.]+\))?) *(<=|>=|<|>) *(\d+(?:\.\d+)?)$/u;

const canonical = (stat) => stat.replace(/^p\(([\d.]+)\)$/u, 'p$1');
const inK6 = (stat) => stat.replace(/^p(\d[\d.]*)$/u, 'p($1)');

/** The stats of a trend in the summary: every stat that can have a threshold. k6's default omits some of them. */
export const summaryTrendStats = STATS.trend.map((stat) => inK6(stat));

/**
 * A key of thresholds.json: its metric, and the tags that it selects as k6 writes them, empty for the whole metric:
 * `cdc_e2e_latency{table:shop.orders,operation:update}`. The harness checks the spelling.
 */
function parts(key) {
  const [metric, tags = ''] = key.replace(/\}$/u, '').split('{');
  return { metric, tags };
}

/** k6's name of the samples that a threshold is judged on. */
function k6Name(metric, tags) {
  const selected = [metricTable[metric].phase === 'steady' && 'phase:steady', tags].filter(Boolean);
  return selected.length > 0 ? `${metric}{${selected.join(',')}}` : metric;
}

/**
 * The thresholds of a scenario, `{key: {stat: number | text}}`; later tables override earlier ones per stat. Only the
 * harness knows when a fault was up, so it judges those of that phase.
 */
export function limitsOf(scenario, environment) {
  const overlay = environment ? limits.environments?.[environment] : {};
  if (!overlay) {
    const known = Object.keys(limits.environments ?? {}).join(', ');
    throw new Error(`CDC_ENV: thresholds.json has no environment '${environment}'; known: ${known}`);
  }
  const merged = {};
  for (const table of [limits.default, limits[scenario], overlay.default, overlay[scenario]]) {
    for (const [key, stats] of Object.entries(table ?? {}).filter(([name]) => !name.includes('{phase:'))) {
      merged[key] = { ...merged[key], ...stats };
    }
  }
  return merged;
}

/** A threshold as `{operator, limit}`: a plain number is inclusive, on the side that metrics.json gives. */
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

/** The largest threshold on a trend or on a part of it, in its own unit; 0 if there is none. */
export function largestLimit(scenarioLimits, metric) {
  return Object.entries(scenarioLimits)
    .filter(([key]) => parts(key).metric === metric)
    .flatMap(([, stats]) => Object.entries(stats))
    .filter(([stat]) => stat !== 'count')
    .reduce((largest, [stat, value]) => Math.max(largest, parsed(metric, stat, value).limit), 0);
}

/** The thresholds of one key in k6's form, without the count of a trend. */
function expressions(metric, stats, abortOnFail) {
  const { type } = metricTable[metric];
  const list = [];
  for (const [stat, value] of Object.entries(stats)) {
    if (!STATS[type].includes(stat)) {
      throw new Error(`thresholds.json: ${metric}.${stat}: unknown stat for a ${type}; known: ${STATS[type].join(', ')}`);
    }
    const { operator, limit } = parsed(metric, stat, value);
    if (type !== 'trend' || stat !== 'count') {
      const threshold = `${inK6(stat)}${operator}${limit}`;
      list.push(abortOnFail ? { threshold, abortOnFail, delayAbortEval: '10s' } : threshold);
    }
  }
  return list;
}

/**
 * k6 thresholds by metric or sub-metric. Every metric of the table gets a list, empty if it has no threshold, so that
 * k6 keeps the steady sub-metric and shows an untouched counter as 0. So do the iterations with the tags of a threshold:
 * they tell a counter that no change touched from a change that did not occur. The harness judges metrics that are not
 * in the table, and counts of trends, for which k6 has no thresholds. With faults it judges all, `judged` is false:
 * k6 cannot leave out the time from a fault to the recovery.
 */
export function k6Thresholds(scenarioLimits, { abortOnFail, judged }) {
  const thresholds = Object.fromEntries(Object.keys(metricTable).map((metric) => [k6Name(metric, ''), []]));
  for (const [key, stats] of Object.entries(scenarioLimits)) {
    const { metric, tags } = parts(key);
    if (metricTable[metric]) {
      thresholds[k6Name('iterations', tags)] ??= [];
      thresholds[k6Name(metric, tags)] = judged ? expressions(metric, stats, abortOnFail) : [];
    }
  }
  return thresholds;
}

// The settings files that JavaScript and Python share, read relative to this file, wherever k6 was started. The harness
// passes the content of a file that the pipeline's own settings change.

function load(name, given = '') {
  if (given) {
    return JSON.parse(given);
  }
  // `open` takes a literal path; resolve() encodes spaces and characters outside ASCII.
  const path = decodeURIComponent(import.meta.resolve(`../../${name}`));
  try {
    return JSON.parse(open(path));
  } catch (error) {
    throw new Error(`k6/${name}: ${error.message}`, { cause: error });
  }
}

export const scenarios = load('scenarios.json', __ENV.CDC_SCENARIOS);
export const limits = load('thresholds.json', __ENV.CDC_THRESHOLDS);

/** The metrics that k6 knows. Gauges and histograms are the stack's; the harness reads and judges them. */
export const metricTable = Object.fromEntries(
  Object.entries(load('metrics.json')).filter(([, { source }]) => source === 'k6'),
);

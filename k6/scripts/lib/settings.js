// The settings files that JavaScript and Python share, read relative to this file, wherever k6 was started.

function load(name) {
  // `open` takes a literal path; resolve() encodes spaces and characters outside ASCII.
  const path = decodeURIComponent(import.meta.resolve(`../../${name}`));
  try {
    return JSON.parse(open(path));
  } catch (error) {
    throw new Error(`k6/${name}: ${error.message}`, { cause: error });
  }
}

export const scenarios = load('scenarios.json');
export const limits = load('thresholds.json');

/** The metrics that k6 knows. Gauges and histograms are the stack's; the harness reads and judges them. */
export const metricTable = Object.fromEntries(
  Object.entries(load('metrics.json')).filter(([, { source }]) => source === 'k6'),
);

import { iterate, think } from './lib/pipeline.js';
import { nextChange } from './lib/workload.js';
import { scenarioOptions } from './lib/options.js';

export { handleSummary } from './lib/report.js';
export { setup } from './lib/workload.js';

// `CDC_SCENARIO` selects another scenario: they differ in load shape and workload alone.
export const options = scenarioOptions('baseline');

export default function runWorkload() {
  iterate(nextChange);
  think();
}

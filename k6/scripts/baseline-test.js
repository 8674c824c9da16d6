import { scenarioOptions } from './lib/options.js';

export { default, handleSummary, setup } from './lib/create-customers.js';

export const options = scenarioOptions('baseline');

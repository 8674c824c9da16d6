import { scenarioOptions } from './lib/options.js';

export { default, handleSummary, setup } from './lib/create-customers.js';

// Of the ramp the first limit that breaks is the answer: there is nothing to learn from going on.
export const options = scenarioOptions('breakpoint', { abortOnFail: !__ENV.HOLD_RATE });

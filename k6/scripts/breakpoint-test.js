import { scenarioOptions } from './lib/options.js';

export { default, handleSummary, setup } from './lib/create-customers.js';

// In the ramp, the first threshold that fails is the answer; continuing would show nothing more.
export const options = scenarioOptions('breakpoint', { abortOnFail: !__ENV.HOLD_RATE });

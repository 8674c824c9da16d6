// The iteration of most scenarios, which differ only in virtual users and time.

import { iterate, think } from './pipeline.js';
import { createCustomer } from './changes.js';

export { setup } from './pipeline.js';
export { handleSummary } from './report.js';

/** Creates a customer and follows it to the sink. */
export default function createAndFollow() {
  iterate(createCustomer);
  think();
}

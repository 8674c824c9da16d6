import { addAddress, createCustomer, deleteCustomer, placeOrder, updateCustomer } from './lib/changes.js';
import { iterate, think } from './lib/pipeline.js';
import { Deck } from './lib/deck.js';
import { scenarioOptions } from './lib/options.js';

export { setup } from './lib/pipeline.js';
export { handleSummary } from './lib/report.js';

export const options = scenarioOptions('mixed-workload');

const OPERATIONS = {
  update: updateCustomer,
  order: placeOrder,
  address: addAddress,
  delete: deleteCustomer,
};

// Each virtual user has its own deck and works on the customers that it created and saw in the sink, so that no two
// change the same row and a deletion cannot be mistaken for a creation that has not arrived.
const deck = new Deck();
const customers = [];

export default function mixedWorkload() {
  let change;
  const succeeded = iterate(() => {
    const operation = deck.deal(customers.length > 0);
    if (operation === 'create') {
      change = createCustomer();
    } else {
      const index = Math.floor(Math.random() * customers.length);
      change = OPERATIONS[operation](customers[index]);
      if (operation === 'delete') {
        customers.splice(index, 1);
      }
    }
    return change;
  });
  if (succeeded && change.operation === 'create') {
    customers.push(change.id);
  }
  think();
}

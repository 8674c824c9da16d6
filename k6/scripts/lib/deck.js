// The next operation of the mixed workload.

const SHARES = { create: 6, update: 5, order: 4, address: 3, delete: 2 };

function shuffled() {
  const cards = Object.entries(SHARES).flatMap(([operation, count]) => Array.from({ length: count }, () => operation));
  for (let last = cards.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [cards[last], cards[other]] = [cards[other], cards[last]];
  }
  return cards;
}

/**
 * Deals operations from a shuffled deck of twenty, so that every twenty operations of a virtual user have exactly the
 * shares 30%, 25%, 20%, 15%, and 10%. While the virtual user has no row, the next create is dealt first. Only while
 * creates fail can a deck run out of them; then a new deck is shuffled.
 */
export class Deck {
  #cards = [];

  /** The next operation. */
  deal(hasRows) {
    if (this.#cards.length === 0 || (!hasRows && !this.#cards.includes('create'))) {
      this.#cards = shuffled();
    }
    const index = hasRows ? 0 : this.#cards.indexOf('create');
    return this.#cards.splice(index, 1)[0];
  }
}

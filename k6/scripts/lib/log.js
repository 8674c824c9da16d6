import { firstFew } from 'k6/x/cdc';

/** Logs an error or a message if it is among the first few different ones of its kind in the whole run. */
export function logFirst(kind, error) {
  const message = error.message ?? String(error);
  if (firstFew(kind, message)) {
    console.error(`${kind}: ${message}`);
  }
}

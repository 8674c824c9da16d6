// One iteration: a change in PostgreSQL, the wait for it in MongoDB, and the read of the document.

import { Counter, Rate, Trend } from 'k6/metrics';
import { READ_TIMEOUT, running, thinkTime } from './options.js';
import { check, sleep } from 'k6';
import { emitGeneratorDelay, mongodb, now, postgres } from 'k6/x/cdc';
import { endpoints } from './endpoints.js';
import exec from 'k6/execution';
import { logFirst } from './log.js';

// Milliseconds; no iteration begins that late.
const BEYOND_THE_END = 10;

const latency = new Trend('cdc_e2e_latency', true);
const writeDuration = new Trend('pg_write_duration', true);
const readDuration = new Trend('mongo_read_duration', true);
const successRate = new Rate('cdc_success_rate');
const counters = {
  writeErrors: new Counter('pg_write_errors'),
  readErrors: new Counter('mongo_read_errors'),
  inserted: new Counter('pg_records_inserted'),
  found: new Counter('mongo_documents_found'),
  notFound: new Counter('mongo_documents_not_found'),
};

let connected;

function databases() {
  if (!connected) {
    const { postgresDsn, mongodbUri, mongodbDatabase } = endpoints();
    const server = mongodb(mongodbUri);
    connected = {
      postgres: postgres(postgresDsn, { ledger: __ENV.CDC_LEDGER }),
      collection: (name) => server.collection(mongodbDatabase, name),
    };
  }
  return connected;
}

/**
 * Fails the run if the endpoints are missing or malformed; an iteration that throws would not fail it. Adds 0 to every
 * counter, so that the raw points of a run without errors have a 0 instead of nothing.
 */
export function setup() {
  databases();
  for (const counter of Object.values(counters)) {
    counter.add(0);
  }
}

// The latency of a failure counts as its timeout, so that a fast failure does not look like a fast answer.

function write(change) {
  const began = now();
  try {
    const affected = databases().postgres.write(change.statements, running.timeout);
    if (affected.some((rows) => rows !== 1)) {
      throw new Error(`${change.operation}: each statement must affect 1 row; affected: ${affected.join(', ')}`);
    }
  } catch (error) {
    counters.writeErrors.add(1);
    writeDuration.add(running.timeout);
    logFirst('pg_write_errors', error);
    return false;
  }
  writeDuration.add(now() - began);
  counters.inserted.add(change.inserted);
  return true;
}

/** Milliseconds from `started` until the document was as expected, or null if it was not in time. */
function arrival(change, collection, started) {
  const began = now();
  const timeout = Math.max(1, running.timeout - (began - started));
  const result = collection.wait(change.id, { fields: change.fields, deleted: change.deleted, timeout });
  if (result.error) {
    counters.readErrors.add(1);
    logFirst('mongo_read_errors', result.error);
  }
  if (!result.found) {
    counters.notFound.add(1);
    logFirst('mongo_documents_not_found', `${change.operation}: not in MongoDB after ${running.timeout} ms`);
    return null;
  }
  counters.found.add(1);
  return began - started + result.durationMs;
}

function readBack(change, collection) {
  const began = now();
  let document = null;
  try {
    document = collection.findOne(change.id, { timeout: READ_TIMEOUT });
    readDuration.add(now() - began);
  } catch (error) {
    counters.readErrors.add(1);
    readDuration.add(READ_TIMEOUT);
    logFirst('mongo_read_errors', error);
  }
  return check(document, {
    'document read back has the content of the row': (read) =>
      read !== null && Object.entries(change.fields).every(([name, value]) => String(read[name]) === value),
  });
}

function phase() {
  return Date.now() - exec.scenario.startTime < running.warmUp ? 'warmup' : 'steady';
}

/** Makes a change and follows it: milliseconds until it was seen, or null, and whether the document is right. */
function follow(change, started) {
  const collection = databases().collection(change.collection);
  const seen = write(change) ? arrival(change, collection, started) : null;
  return { seen, right: seen !== null && (change.deleted || readBack(change, collection)) };
}

/**
 * Runs one iteration with the change that `choose` returns: `{operation, statements, inserted, collection, id}` and
 * either `fields` (text that the document must have) or `deleted: true`. Exactly one latency and one success or failure
 * are recorded. If something throws, that is a failure, and the exception propagates to k6, which logs it. Returns
 * whether the change was written, seen in time, and read back right.
 */
export function iterate(choose) {
  const started = now();
  const { tags } = exec.vu.metrics;
  tags.phase = phase();
  let result = { seen: null, right: false };
  try {
    const change = choose();
    tags.operation = change.operation;
    emitGeneratorDelay();
    result = follow(change, started);
  } finally {
    // While all virtual users wait, nothing else emits the delay for a long time.
    emitGeneratorDelay();
    latency.add(result.seen ?? running.timeout);
    successRate.add(result.right);
  }
  return result.right;
}

/** Pauses as a user would before the next change; does not pause after the end of the load. */
export function think() {
  const left = exec.scenario.startTime + running.length - Date.now();
  sleep(Math.min(thinkTime(running.thinkTime), Math.max(0, left + BEYOND_THE_END) / 1000));
}

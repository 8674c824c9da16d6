// One iteration: a change in PostgreSQL, the wait for it in the sink, and the read of the row there. The metrics are
// called mongo_* whatever the sink is, so that thresholds and recorded runs keep their names.

import { Counter, Rate, Trend } from 'k6/metrics';
import { READ_TIMEOUT, running, thinkTime } from './options.js';
import { check, sleep } from 'k6';
import { emitGeneratorDelay, now, postgres, sink } from 'k6/x/cdc';
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

/** The source, `database`, and the sink, `end`, at some endpoints. */
export function connectionTo({ postgresDsn, ...at }) {
  const ledger = __ENV.CDC_LEDGER;
  return { database: postgres(postgresDsn, { ledger }), end: sink({ ...at, ledger }) };
}

/** The source and the sink of this virtual user. */
export function connection() {
  connected ??= connectionTo(endpoints());
  return connected;
}

/**
 * Begins the run, as a script's `setup` must. Fails it if the endpoints are missing or malformed; an iteration that
 * throws would not. Opens the tables that are waited for in the sink, so that no change waits for that: a topic is read
 * from its end at this moment on. Adds 0 to every counter, so that the raw points and the dashboards of a run without
 * errors have a 0 instead of nothing. k6 itself tags nothing in `setup` with the scenario.
 */
export function begin(...tables) {
  const { end } = connection();
  for (const table of tables) {
    end.table(table);
  }
  for (const counter of Object.values(counters)) {
    counter.add(0, { scenario: running.name });
  }
}

/** A change of a script's own statements, with the methods of a change of the workload. */
function scripted({ operation, op, statements, inserted, table, id, fields, deleted }) {
  const { database, end } = connection();
  const target = end.table(table);
  return {
    operation,
    table,
    inserted,
    deleted,
    write(timeout) {
      const affected = database.write(statements, timeout);
      if (affected.some((rows) => rows !== 1)) {
        throw new Error(`${operation}: each statement must affect 1 row; affected: ${affected.join(', ')}`);
      }
    },
    wait: (timeout) => target.wait(id, { op, fields, deleted, timeout }),
    holds: (timeout) => target.holds(id, { fields, deleted, timeout }),
  };
}

// The latency of a failure counts as its timeout, so that a fast failure does not look like a fast answer.

function write(change, tags) {
  const began = now();
  let error;
  try {
    change.write(running.timeout);
  } catch (failure) {
    error = failure;
  }
  const duration = now() - began;
  // Only now: an update of which no row is left becomes an insert.
  tags.table = change.table;
  tags.operation = change.operation;
  if (error) {
    counters.writeErrors.add(1);
    writeDuration.add(running.timeout);
    logFirst('pg_write_errors', error);
    return false;
  }
  writeDuration.add(duration);
  counters.inserted.add(change.inserted);
  return true;
}

/** Milliseconds from `started` until the row was as expected, or null if it was not in time. */
function arrival(change, started) {
  const began = now();
  const timeout = Math.max(1, running.timeout - (began - started));
  const result = change.wait(timeout);
  if (result.error) {
    counters.readErrors.add(1);
    logFirst('mongo_read_errors', result.error);
  }
  if (!result.found) {
    counters.notFound.add(1);
    const { name } = connection().end;
    const what = `${change.operation} of ${change.table}`;
    logFirst('mongo_documents_not_found', `${what}: not in ${name} after ${running.timeout} ms`);
    return null;
  }
  counters.found.add(1);
  return began - started + result.durationMs;
}

function readBack(change) {
  const began = now();
  let right = false;
  try {
    right = change.holds(READ_TIMEOUT);
    readDuration.add(now() - began);
  } catch (error) {
    counters.readErrors.add(1);
    readDuration.add(READ_TIMEOUT);
    logFirst('mongo_read_errors', error);
  }
  return check(right, { 'document read back has the content of the row': Boolean });
}

/** What `choose` returns. If it throws, the samples of the iteration have no tags of the change before. */
function chosen(choose, tags) {
  try {
    const change = choose();
    return change.write ? change : scripted(change);
  } catch (error) {
    delete tags.table;
    delete tags.operation;
    throw error;
  }
}

function phase() {
  return Date.now() - exec.scenario.startTime < running.warmUp ? 'warmup' : 'steady';
}

/** Makes a change and follows it: milliseconds until it was seen, or null, and whether the row is right. */
function follow(change, started, tags) {
  const seen = write(change, tags) ? arrival(change, started) : null;
  return { seen, right: seen !== null && (change.deleted || readBack(change)) };
}

/**
 * Runs one iteration with the change that `choose` returns: one of the workload, or an object of a script's own,
 * `{operation, op, statements, inserted, table, id}` and either `fields` (text that the row must have, or null, by the
 * source's columns) or `deleted: true`. Exactly one latency and one success or failure are recorded, with the tags
 * `table` and `operation`. If something throws, that is a failure, and the exception propagates to k6, which logs it.
 * Returns whether the change was written, seen in time, and read back right.
 */
export function iterate(choose) {
  const started = now();
  const { tags } = exec.vu.metrics;
  tags.phase = phase();
  let result = { seen: null, right: false };
  try {
    const change = chosen(choose, tags);
    emitGeneratorDelay();
    result = follow(change, started, tags);
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

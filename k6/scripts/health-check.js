import { postgres, sink } from 'k6/x/cdc';
import { check } from 'k6';
import { endpoints } from './lib/endpoints.js';
import exec from 'k6/execution';
import http from 'k6/http';
import { logFirst } from './lib/log.js';
import { openEveryWorkload } from './lib/workload.js';
import { scenarioOptions } from './lib/options.js';

export { handleSummary } from './lib/report.js';

export const options = scenarioOptions('health-check');

const ANSWER_TIMEOUT = 5000;
const ARRIVAL_TIMEOUT = 10_000;
const TRIAL_TIMEOUT = 20_000;
// By the sink's name. 'PostgreSQL answers' is the check of the source.
const SINK_ANSWERS = { MongoDB: 'MongoDB answers', PostgreSQL: 'PostgreSQL sink answers', Kafka: 'Kafka answers' };

/** Tries one hop as a named check. `probe` throws, or returns the problem or nothing; any failure fails the run. */
function hop(name, probe) {
  let problem;
  try {
    problem = probe();
  } catch (error) {
    problem = error.message;
  }
  check(null, { [name]: () => !problem });
  if (problem) {
    exec.test.fail(`${name}: ${problem}`);
  }
  return !problem;
}

/** The problem of the replication slot with a name or, without one, of all logical slots together. */
function slotProblem(database, name) {
  const [row] = database.query(
    {
      sql: `SELECT count(*) FILTER (WHERE active) AS active, count(*) AS total
            FROM pg_replication_slots WHERE slot_type = 'logical' AND database = current_database()
            AND ($1::text = '' OR slot_name = $1)`,
      args: [name],
    },
    ANSWER_TIMEOUT,
  );
  if (row.active > 0) {
    return '';
  }
  if (name) {
    return row.total > 0 ? `the slot ${name} is not active` : `there is no logical replication slot ${name}`;
  }
  return `none of the ${row.total} logical replication slots is active`;
}

function connectorProblem(url, name) {
  const path = `${url}/connectors/${encodeURIComponent(name)}/status`;
  const response = http.get(path, { timeout: ANSWER_TIMEOUT, tags: { name: 'connector status' } });
  if (response.status !== 200) {
    return `status ${response.status} ${response.error}`;
  }
  const { connector, tasks } = response.json();
  const states = [connector.state, ...tasks.map((task) => task.state)];
  if (tasks.length === 0) {
    return `connector ${connector.state}, without tasks`;
  }
  return states.every((state) => state === 'RUNNING') ? '' : `connector and tasks: ${states.join(', ')}`;
}

function consumerProblem(url) {
  const response = http.get(`${url}/readyz`, { timeout: ANSWER_TIMEOUT, tags: { name: 'consumer readiness' } });
  return response.status === 200 ? '' : `status ${response.status} ${response.error}`;
}

/** Makes the changes of each workload, without effect, so that what PostgreSQL refuses is known before the load. */
function tryWorkloads() {
  let refused = [];
  hop('the load can be tried', () => {
    refused = openEveryWorkload().flatMap((workload) => workload.try(TRIAL_TIMEOUT));
  });
  for (const problem of new Set(refused)) {
    // In a name, k6 keeps two colons for groups.
    hop(`the load is accepted: ${problem.replaceAll('::', ':')}`, () => problem);
  }
}

/**
 * The canary row: its table, SQL that inserts, updates, and deletes it, and the fields to wait for. An empty update is
 * left out: the row of someone's own table is not updated.
 */
function canaryRow(text) {
  if (!text) {
    throw new Error('no canary row: set CDC_CANARY');
  }
  return JSON.parse(text);
}

/** Inserts the row. The result has its key in the sink (`id`) and the parameters of the other statements (`key`). */
function insertCanary(row, database) {
  const [inserted] = database.query({ sql: row.insert, args: [] }, ANSWER_TIMEOUT);
  if (!inserted) {
    throw new Error(`a trigger of ${row.table} suppressed the row`);
  }
  return inserted;
}

/** Waits for a change of the row in its table in the sink; returns the problem or nothing. */
function arrivalProblem(table, id, expected, end) {
  const { found, error } = table.wait(id, { ...expected, timeout: ARRIVAL_TIMEOUT });
  return found ? '' : `not in ${end.name} after ${ARRIVAL_TIMEOUT} ms ${error}`;
}

/** Sends the row through every hop: a check for each of its changes. A change that fails is the last one. */
function sendCanary(row, database, end, begun) {
  let table;
  let inserted;
  let deleted = false;
  const change = (sql) => database.write([{ sql, args: inserted.key }], ANSWER_TIMEOUT);
  const steps = {
    'canary row arrives': () => {
      // First: a topic is read from its end at this moment on.
      table = end.table(row.table);
      inserted = insertCanary(row, database);
      return arrivalProblem(table, inserted.id, { fields: row.fields }, end);
    },
    'canary update arrives': row.update && (() => {
      change(row.update);
      return arrivalProblem(table, inserted.id, { fields: row.updated }, end);
    }),
    'canary delete arrives': () => {
      change(row.delete);
      deleted = true;
      return arrivalProblem(table, inserted.id, { deleted }, end);
    },
  };
  let previous = begun;
  for (const [name, step] of Object.entries(steps).filter(([, isSent]) => isSent)) {
    previous = hop(name, previous ? step : () => 'skipped after the failure above');
  }
  if (inserted && !deleted) {
    try {
      change(row.delete);
    } catch (error) {
      // Nothing else can be done about the row that a failure left.
      logFirst('canary', error);
    }
  }
}

/** Fails the run if the endpoints are missing or malformed; an iteration that throws would not fail it. */
export function setup() {
  const { postgresDsn, canary, ...at } = endpoints();
  postgres(postgresDsn);
  sink(at);
  canaryRow(canary);
}

export default function healthCheck() {
  const { postgresDsn, canary, ...at } = endpoints();
  const database = postgres(postgresDsn);
  const end = sink(at);
  const answers = [
    hop('PostgreSQL answers', () => {
      database.query({ sql: 'SELECT 1', args: [] }, ANSWER_TIMEOUT);
    }),
    hop('replication slot active', () => slotProblem(database, at.slot)),
    hop(SINK_ANSWERS[end.name], () => end.ping(ANSWER_TIMEOUT)),
  ];
  // External pipelines may lack Kafka Connect or a reachable consumer; the canary still checks them.
  if (at.connectUrl && at.connector) {
    hop('connector and tasks running', () => connectorProblem(at.connectUrl, at.connector));
  }
  if (at.consumerUrl) {
    hop('consumer ready', () => consumerProblem(at.consumerUrl));
  }

  const begun = answers.every(Boolean);
  if (begun) {
    tryWorkloads();
  }
  sendCanary(canaryRow(canary), database, end, begun);
}

import { mongodb, postgres } from 'k6/x/cdc';
import { createCustomer, deleteCustomer, updateCustomer } from './lib/changes.js';
import { check } from 'k6';
import { endpoints } from './lib/endpoints.js';
import exec from 'k6/execution';
import http from 'k6/http';
import { scenarioOptions } from './lib/options.js';

export { handleSummary } from './lib/report.js';

export const options = scenarioOptions('health-check');

const ANSWER_TIMEOUT = 5000;
const ARRIVAL_TIMEOUT = 10_000;

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

function slotProblem(database) {
  const [row] = database.query(
    {
      sql: `SELECT count(*) FILTER (WHERE active) AS active, count(*) AS total
            FROM pg_replication_slots WHERE slot_type = 'logical' AND database = current_database()`,
      args: [],
    },
    ANSWER_TIMEOUT,
  );
  return row.active > 0 ? '' : `none of the ${row.total} logical replication slots is active`;
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

/** Writes a change of the canary row and waits for it. */
function propagationProblem(change, database, collection) {
  database.write(change.statements, ANSWER_TIMEOUT);
  const { found, error } = collection.wait(change.id, {
    fields: change.fields,
    deleted: change.deleted,
    timeout: ARRIVAL_TIMEOUT,
  });
  return found ? '' : `not in MongoDB after ${ARRIVAL_TIMEOUT} ms ${error}`;
}

/** Fails the run if the endpoints are missing or malformed; an iteration that throws would not fail it. */
export function setup() {
  const at = endpoints();
  postgres(at.postgresDsn);
  mongodb(at.mongodbUri);
}

export default function healthCheck() {
  const at = endpoints();
  const database = postgres(at.postgresDsn);
  const server = mongodb(at.mongodbUri);
  const answers = [
    hop('PostgreSQL answers', () => {
      database.query({ sql: 'SELECT 1', args: [] }, ANSWER_TIMEOUT);
    }),
    hop('replication slot active', () => slotProblem(database)),
    hop('MongoDB answers', () => server.ping(ANSWER_TIMEOUT)),
  ];
  // External pipelines may lack Kafka Connect or a reachable consumer; the canary still checks them.
  if (at.connectUrl && at.connector) {
    hop('connector and tasks running', () => connectorProblem(at.connectUrl, at.connector));
  }
  if (at.consumerUrl) {
    hop('consumer ready', () => consumerProblem(at.consumerUrl));
  }

  const canary = createCustomer();
  const collection = server.collection(at.mongodbDatabase, canary.collection);
  const changes = {
    'canary row arrives': canary,
    'canary update arrives': updateCustomer(canary.id),
    'canary delete arrives': deleteCustomer(canary.id),
  };
  let previous = answers.every(Boolean);
  for (const [name, change] of Object.entries(changes)) {
    const problem = previous ? () => propagationProblem(change, database, collection) : () => 'skipped after the failure above';
    previous = hop(name, problem);
  }
}

import { check } from 'k6';
import { connection } from './lib/pipeline.js';
import { endpoints } from './lib/endpoints.js';
import exec from 'k6/execution';
import http from 'k6/http';
import { logFirst } from './lib/log.js';
import { openEveryWorkload, openWorkload } from './lib/workload.js';
import { scenarioOptions } from './lib/options.js';

export { handleSummary } from './lib/report.js';

export const options = scenarioOptions('health-check');

const ANSWER_TIMEOUT = 5000;
const ARRIVAL_TIMEOUT = 10_000;
const TRIAL_TIMEOUT = 20_000;
// By the sink's name. 'PostgreSQL answers' is the check of the source.
const SINK_ANSWERS = { MongoDB: 'MongoDB answers', PostgreSQL: 'PostgreSQL sink answers', Kafka: 'Kafka answers' };
const CANARY = {
  'canary row arrives': 'insert',
  'canary update arrives': 'update',
  'canary delete arrives': 'delete',
};

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
    refused = openEveryWorkload().flatMap((workload) => workload.try(TRIAL_TIMEOUT) ?? []);
  });
  for (const problem of new Set(refused)) {
    // In a name, k6 keeps two colons for groups.
    hop(`the load is accepted: ${problem.replaceAll('::', ':')}`, () => problem);
  }
}

/** Writes a change of the canary row and waits for it; `change` is null if the canary's table allows no update. */
function propagationProblem(change, end) {
  change?.write(ANSWER_TIMEOUT);
  const { found, error } = change?.wait(ARRIVAL_TIMEOUT) ?? { found: true };
  return found ? '' : `not in ${end.name} after ${ARRIVAL_TIMEOUT} ms ${error}`;
}

/** Deletes the canary row, which a failure has left in the table; nothing else can be done if that fails too. */
function removeCanary(workload) {
  try {
    workload.canary('delete').write(ANSWER_TIMEOUT);
  } catch (error) {
    logFirst('canary', error);
  }
}

/** Fails the run if an endpoint or the plan is missing or malformed; an iteration that throws would not fail it. */
export function setup() {
  openWorkload();
}

export default function healthCheck() {
  const { slot, connectUrl, connector, consumerUrl } = endpoints();
  const { database, end } = connection();
  const answers = [
    hop('PostgreSQL answers', () => {
      database.query({ sql: 'SELECT 1', args: [] }, ANSWER_TIMEOUT);
    }),
    hop('replication slot active', () => slotProblem(database, slot)),
    hop(SINK_ANSWERS[end.name], () => end.ping(ANSWER_TIMEOUT)),
  ];
  // External pipelines may lack Kafka Connect or a reachable consumer; the canary still checks them.
  if (connectUrl && connector) {
    hop('connector and tasks running', () => connectorProblem(connectUrl, connector));
  }
  if (consumerUrl) {
    hop('consumer ready', () => consumerProblem(consumerUrl));
  }

  const workload = openWorkload();
  const begun = answers.every(Boolean);
  if (begun) {
    tryWorkloads();
  }
  let previous = begun;
  for (const [name, operation] of Object.entries(CANARY)) {
    const problem = () => propagationProblem(workload.canary(operation), end);
    previous = hop(name, previous ? problem : () => 'skipped after the failure above');
  }
  if (begun && !previous) {
    removeCanary(workload);
  }
}

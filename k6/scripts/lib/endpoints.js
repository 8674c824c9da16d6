// The addresses of the pipeline under test. The environment replaces the file entirely: endpoints of an external
// pipeline must not be mixed with those of a local stack. Without it, the file that `inv up` writes is used.

// By the name in the file. The environment variable is CDC_ and this name in capitals.
const NAMES = {
  postgres_dsn: 'postgresDsn',
  slot: 'slot',
  sink: 'kind',
  mongodb_uri: 'mongodbUri',
  mongodb_database: 'mongodbDatabase',
  sink_dsn: 'sinkDsn',
  kafka_bootstrap: 'kafkaBootstrap',
  kafka_client: 'kafkaClient',
  tables: 'tables',
  connect_url: 'connectUrl',
  connector: 'connector',
  consumer_url: 'consumerUrl',
  canary: 'canary',
};

/** What each kind of sink needs besides the source, by the name in the file. */
const NEEDED = {
  mongodb: ['mongodb_uri', 'mongodb_database'],
  postgres: ['sink_dsn'],
  kafka: ['kafka_bootstrap'],
};

const variable = (name) => `CDC_${name.toUpperCase()}`;

/** Text as it is, and JSON of anything else: `canary`, `tables`, and `kafka_client` may be objects in the file. */
function asText(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? '');
  return value ? text.trim() : '';
}

function fromFile() {
  let content;
  try {
    content = open(decodeURIComponent(import.meta.resolve('../../../.stack/endpoints.json')));
  } catch {
    return {};
  }
  return JSON.parse(content);
}

const inEnvironment = (variables) => Object.fromEntries(Object.keys(NAMES).map((name) => [name, variables[variable(name)]]));

const named = (values) =>
  Object.fromEntries(Object.entries(NAMES).map(([name, property]) => [property, asText(values[name])]));

function find() {
  const environment = inEnvironment(__ENV);
  const { postgres_dsn: source, ...sink } = environment;
  const isGiven = source || Object.values(NEEDED).some(([name]) => sink[name]);
  return named(isGiven ? environment : fromFile());
}

// Files can be opened only in the init context. A missing endpoint is reported when the endpoints are used, so that
// `k6 inspect` works without a stack.
const found = find();

/** A URL without trailing slashes, because paths are appended to it. */
const url = (text) => text.replace(/\/+$/u, '');

function complete(addresses) {
  const kind = addresses.kind || 'mongodb';
  const needed = NEEDED[kind];
  if (!needed) {
    throw new Error(`CDC_SINK: '${kind}' is not ${Object.keys(NEEDED).join(', ')}`);
  }
  const names = ['postgres_dsn', ...needed];
  if (names.some((name) => !addresses[NAMES[name]])) {
    throw new Error(`no pipeline: start one with \`inv up\`, or set ${names.map((name) => variable(name)).join(', ')}`);
  }
  return { ...addresses, kind, connectUrl: url(addresses.connectUrl), consumerUrl: url(addresses.consumerUrl) };
}

/**
 * The endpoints: `postgresDsn` and `slot` of the source, the options of `sink` of k6/x/cdc (`kind` and the addresses),
 * `connectUrl`, `connector`, `consumerUrl`, `canary` (JSON). Throws if one that every scenario needs is unknown.
 */
export const endpoints = () => complete(found);

/** The endpoints of a further pipeline, in variables with the names of the environment's. */
export const endpointsIn = (variables) => complete(named(inEnvironment(variables)));

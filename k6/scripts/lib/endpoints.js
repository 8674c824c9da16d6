// The addresses of the pipeline under test. The environment replaces the file entirely: endpoints of an external
// pipeline must not be mixed with those of a local stack. Without it, the file that `inv up` writes is used.

const variable = (name) => (__ENV[name] || '').trim();

/** A URL without trailing slashes, because paths are appended to it. */
const url = (name) => variable(name).replace(/\/+$/u, '');

function fromEnvironment() {
  return {
    postgresDsn: variable('CDC_POSTGRES_DSN'),
    mongodbUri: variable('CDC_MONGODB_URI'),
    mongodbDatabase: variable('CDC_MONGODB_DATABASE'),
    connectUrl: url('CDC_CONNECT_URL'),
    connector: variable('CDC_CONNECTOR'),
    consumerUrl: url('CDC_CONSUMER_URL'),
  };
}

function fromFile() {
  let content;
  try {
    content = open(decodeURIComponent(import.meta.resolve('../../../.stack/endpoints.json')));
  } catch {
    return {};
  }
  const file = JSON.parse(content);
  return {
    postgresDsn: file.postgres_dsn,
    mongodbUri: file.mongodb_uri,
    mongodbDatabase: file.mongodb_database,
    connectUrl: file.connect_url,
    connector: file.connector,
    consumerUrl: file.consumer_url,
  };
}

function find() {
  if (__ENV.CDC_POSTGRES_DSN || __ENV.CDC_MONGODB_URI) {
    return fromEnvironment();
  }
  return fromFile();
}

// Files can be opened only in the init context. A missing endpoint is reported when the endpoints are used, so that
// `k6 inspect` works without a stack.
const found = find();

/** The endpoints; throws if one that every scenario needs is unknown. */
export function endpoints() {
  if (!found.postgresDsn || !found.mongodbUri || !found.mongodbDatabase) {
    throw new Error(
      'no pipeline: start one with `inv up`, or set CDC_POSTGRES_DSN, CDC_MONGODB_URI, and CDC_MONGODB_DATABASE',
    );
  }
  return found;
}

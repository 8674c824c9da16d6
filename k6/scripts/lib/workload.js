// The workload: changes that the plan in CDC_WORKLOAD describes, made and chosen in Go. Without that variable, it is the
// scenario's plan for the stack that `inv up` has started.

import { begin, connection } from './pipeline.js';
import { running } from './options.js';
import { workload } from 'k6/x/cdc';

// Of k6's own 60 s for the setup.
const PREPARE_TIMEOUT = 50_000;

// Go reads the file, so it needs a path and not a URL. Only here is it known where this file is.
const ofStack = decodeURIComponent(import.meta.resolve('../../../.stack/workloads').slice('file://'.length));

let opened;

/** The workload of this virtual user. */
export function openWorkload() {
  if (!opened) {
    const { database, end } = connection();
    opened = workload(__ENV.CDC_WORKLOAD || `${ofStack}/${running.name}.json`, database, end);
  }
  return opened;
}

/** The workloads of every scenario of the run. */
export function openEveryWorkload() {
  const { database, end } = connection();
  return JSON.parse(__ENV.CDC_WORKLOADS || '[]').map((each) => workload(each, database, end));
}

/** Fails the run if the plan is wrong, or the pipeline lacks something that it needs. */
export function setup() {
  begin();
  openWorkload().prepare(PREPARE_TIMEOUT);
}

/** The next change, for `iterate`. */
export const nextChange = () => openWorkload().next();

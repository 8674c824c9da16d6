// The load shape of a scenario after the overrides DURATION, VUS, and HOLD_RATE. This is their only implementation:
// the harness gets the effective shape from `k6 inspect`.

// The grammar of the harness (scripts/cdc_perf/settings/durations.py). k6 itself also accepts days.
const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/u;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/gu;

/** Milliseconds of a k6 duration such as `90s` or `1h30m`; `name` is its origin for the error message. */
export function milliseconds(name, text) {
  let total = 0;
  if (DURATION.test(text)) {
    for (const [, amount, unit] of text.matchAll(PART)) {
      total += Number(amount) * UNITS[unit];
    }
  }
  if (total < 1) {
    throw new Error(`${name}: '${text}' is not a duration above zero; use a format such as 30s, 5m, or 1h30m`);
  }
  return Math.round(total);
}

function virtualUsers(text) {
  if (!/^[1-9]\d{0,5}$/u.test(text)) {
    throw new Error(`VUS: '${text}' is not a whole number above zero`);
  }
  return Number(text);
}

/** Length of a shape in milliseconds; 0 for a fixed number of iterations. */
export function lengthOf(shape) {
  if (shape.stages) {
    return shape.stages.reduce((sum, stage) => sum + milliseconds('stages', stage.duration), 0);
  }
  return shape.duration ? milliseconds('duration', shape.duration) : 0;
}

function withLength(shape, total) {
  if (!shape.stages) {
    return shape.duration ? { ...shape, duration: `${total}ms` } : shape;
  }
  const before = lengthOf(shape);
  // The ends of the stages are rounded, not their lengths, so that the sum is exact to the millisecond.
  let sum = 0;
  let end = 0;
  const stages = shape.stages.map((stage) => {
    const begin = end;
    sum += milliseconds('stages', stage.duration);
    end = Math.round((total * sum) / before);
    return { ...stage, duration: `${end - begin}ms` };
  });
  return { ...shape, stages };
}

function rampedTo(shape, vus) {
  const start = shape.startVUs ?? 1;
  const largest = Math.max(start, ...shape.stages.map((stage) => stage.target));
  // A target above zero stays above zero: a small override must not stop the calm part of a spike.
  const scale = (target) => (target === 0 ? 0 : Math.max(1, Math.round((target * vus) / largest)));
  return {
    ...shape,
    startVUs: scale(start),
    stages: shape.stages.map((stage) => ({ ...stage, target: scale(stage.target) })),
  };
}

function withVirtualUsers(shape, vus) {
  switch (shape.executor) {
    case 'constant-vus': {
      return { ...shape, vus };
    }
    case 'ramping-vus': {
      return rampedTo(shape, vus);
    }
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate': {
      return { ...shape, preAllocatedVUs: Math.min(shape.preAllocatedVUs, vus), maxVUs: vus };
    }
    default: {
      return shape;
    }
  }
}

/** An arrival rate held constant, for `hold` if the ramp has its committed length, else in proportion. */
function heldAt(shape, { options, hold }, text) {
  if (!/^[1-9]\d{0,5}$/u.test(text) || !hold) {
    throw new Error(`HOLD_RATE: '${text}' is not a whole number above zero, or this scenario has no hold`);
  }
  const share = lengthOf(shape) / lengthOf(options);
  const { preAllocatedVUs, maxVUs } = shape;
  return {
    executor: 'constant-arrival-rate',
    rate: Number(text),
    timeUnit: '1s',
    duration: `${Math.max(1000, Math.round(milliseconds('hold', hold) * share))}ms`,
    preAllocatedVUs,
    maxVUs,
  };
}

/** The shape of a scenario in scenarios.json with the environment's overrides. */
export function effectiveShape(scenario, environment) {
  let effective = scenario.options;
  if (environment.DURATION) {
    effective = withLength(effective, milliseconds('DURATION', environment.DURATION));
  }
  if (environment.VUS) {
    effective = withVirtualUsers(effective, virtualUsers(environment.VUS));
  }
  if (environment.HOLD_RATE) {
    effective = heldAt(effective, scenario, environment.HOLD_RATE);
  }
  return effective;
}

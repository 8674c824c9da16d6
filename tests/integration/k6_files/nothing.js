// No iteration at all.
import { Trend } from 'k6/metrics';

new Trend('my_time', true);

export const options = {
  iterations: 1,
  thresholds: { my_time: ['p(95)<5'], checks: ['rate>0.9'], iterations: ['count>=0'] },
};

export function setup() {
  throw new Error('no');
}

export default function () {}

export function handleSummary(data) {
  return __ENV.GIVEN ? { [__ENV.GIVEN]: JSON.stringify(data) } : undefined;
}

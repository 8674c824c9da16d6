// A threshold that ends the test.
import { sleep } from 'k6';
import { Trend } from 'k6/metrics';

const time = new Trend('my_time', true);

export const options = {
  vus: 2,
  duration: '20s',
  thresholds: { my_time: [{ threshold: 'p(95)<5', abortOnFail: true }, 'avg>1'] },
};

export default function () {
  time.add(10);
  sleep(0.1);
}

export function handleSummary(data) {
  return __ENV.GIVEN ? { [__ENV.GIVEN]: JSON.stringify(data) } : undefined;
}

// Numbers and tags at the edge: JSON has no infinity, and k6 writes one into its points.
import { Gauge, Trend } from 'k6/metrics';

const time = new Trend('odd_time', true);
const gauge = new Gauge('odd_gauge');

export const options = {
  iterations: 30,
  thresholds: {
    odd_time: ['p<5', ' avg <  5 ', 'max<Inf', 'min>-Inf', 'avg<NaN', 'p(0)>=0'],
    'odd_time{u:http://h/?q=1&z={}}': ['avg<1000'],
    "odd_time{e:''}": ['avg<1000'],
    odd_gauge: ['value===29'],
    'odd_gauge{x:1}': ['value<5'],
  },
};

export default function () {
  time.add(__ITER, { u: 'http://h/?q=1&z={}', 'x y': 'ü"\\', e: '' });
  time.add(Infinity);
  gauge.add(__ITER, { x: '1' });
}

export function handleSummary(data) {
  return __ENV.GIVEN ? { [__ENV.GIVEN]: JSON.stringify(data) } : undefined;
}

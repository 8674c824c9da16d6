// Every type of metric, HTTP, nested groups, checks, tags and two scenarios, under thresholds of
// every form that k6 takes; some have no samples.
import http from 'k6/http';
import { check, group } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const time = new Trend('my_time', true);
const bytes = new Trend('my_bytes');
const count = new Counter('my_count');
const gauge = new Gauge('my_gauge');
const rate = new Rate('my_rate');
new Trend('never', true);
new Rate('never_rate');
new Counter('never_count');
new Gauge('never_gauge');

export const options = {
  scenarios: {
    one: { executor: 'shared-iterations', vus: 1, iterations: 40 },
    two: { executor: 'per-vu-iterations', iterations: 5, exec: 'other', tags: { odd: 'ü{}:x q' } },
  },
  thresholds: {
    my_time: ['p(95)<1e3', 'avg<.9', 'max!=5', 'min==0', 'med===3', 'p(99.99)<0x1p10', 'p(75)>-1',
      'p(50)<1', 'max<5e6', 'p(9.5e1)<1_000'],
    'my_time{ name: a }': ['p(95)<1000'],
    'my_time{name:"b"}': ['p(95)<1000'],
    "my_time{name:'c', k:v }": ['p(95)<1000'],
    'my_time{odd:ü{}:x q}': ['p(95)<10'],
    'my_time{nope:nothing}': ['p(95)<10'],
    'http_req_duration{scenario:one}': ['p(95)<60000'],
    http_req_failed: ['rate<0.01'],
    checks: ['rate==1'],
    'checks{group:::outer::inner}': ['rate>0.5'],
    my_gauge: ['value<-3'],
    my_count: ['count>1e3', 'rate>=0'],
    my_rate: ['rate>.5'],
    never: ['p(95)<10', 'avg>10'],
    never_rate: ['rate<0.1'],
    never_count: ['count<10'],
    never_gauge: ['value<10'],
    data_received: ['count<1e6', 'rate<1e12'],
    dropped_iterations: ['count==0'],
  },
};

export function setup() {
  check(null, { 'in setup': () => false });
}

export default function () {
  const name = ['a', 'b', 'c'][__ITER % 3];
  time.add(__ITER, { name, k: 'v' });
  bytes.add(123456);
  count.add(2);
  gauge.add(__ITER);
  rate.add(__ITER % 2 === 0);
  check(null, { 'root ok': () => true, 'root bad': () => __ITER % 2 });
  group('outer', () => {
    group('inner', () => {
      const answer = http.get(__ENV.BASE + (__ITER % 4 ? '/ok' : '/bad'));
      check(answer, { 'status 200': (x) => x.status === 200 });
    });
    check(null, { always: () => false });
  });
}

export function other() {
  time.add(5);
}

export function handleSummary(data) {
  return __ENV.GIVEN ? { [__ENV.GIVEN]: JSON.stringify(data) } : undefined;
}

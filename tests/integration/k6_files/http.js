// HTTP alone, all of it good.
import http from 'k6/http';

export const options = {
  iterations: 10,
  thresholds: { http_req_failed: ['rate<0.5'], http_req_duration: ['p(95)<6e4', 'max>=0'] },
};

export default function () {
  http.get(`${__ENV.BASE}/ok`);
}

export function handleSummary(data) {
  return __ENV.GIVEN ? { [__ENV.GIVEN]: JSON.stringify(data) } : undefined;
}

"""What Grafana shows: dashboards as typed code, written as the JSON that Grafana provisions."""

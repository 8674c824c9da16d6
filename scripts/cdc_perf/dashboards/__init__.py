"""Grafana's dashboards as typed code, written as JSON that Grafana provisions."""

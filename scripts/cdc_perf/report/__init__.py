"""Verdicts and figures put before people."""

"""Verdicts and measurements for people."""

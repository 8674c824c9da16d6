"""Invoke tasks: thin, one module a namespace."""

"""Invoke tasks: thin, one module per namespace."""

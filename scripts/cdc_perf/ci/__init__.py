"""GitHub Actions: the workflow files, made from tasks and sessions, and what their jobs decide."""

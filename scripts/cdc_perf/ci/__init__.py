"""GitHub Actions: workflow files, generated from tasks and sessions, and their jobs' decisions."""

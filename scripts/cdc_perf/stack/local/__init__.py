"""The embedded stack: the pipeline without Docker, its components under supervisord."""

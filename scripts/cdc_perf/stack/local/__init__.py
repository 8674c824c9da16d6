"""The embedded stack: the pipeline without Docker, with its components under supervisord."""

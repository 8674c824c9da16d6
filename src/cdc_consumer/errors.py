"""Errors that end the consumer, each with its exit code and a one-line reason."""


class ConfigurationError(Exception):
    """A wrong pipeline file, variable, or argument; the message is the line shown."""

    exit_code = 2


class GaveUpError(Exception):
    """A dependency failed for longer than the retry time; only acknowledged work was committed."""

    exit_code = 3

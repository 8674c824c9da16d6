"""What ends the consumer, each with the exit code and the one line that says why."""


class ConfigurationError(Exception):
    """A wrong pipeline file, variable or argument; the message is the line shown."""

    exit_code = 2


class GaveUpError(Exception):
    """A dependency failed for longer than it is retried; nothing unacknowledged was committed."""

    exit_code = 3

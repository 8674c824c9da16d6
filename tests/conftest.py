"""Every test runs in the environment that a command runs in, whatever the shell has set."""

import os

from cdc_perf import environment

environment.adopt(os.environ)

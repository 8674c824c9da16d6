"""Every test runs in the environment that a command runs in, whatever the shell has set."""

import os

from scripts import environment

environment.adopt(os.environ)

"""`python -m cdc_perf`: the installed command."""

from cdc_perf.tasks.program import main

main()

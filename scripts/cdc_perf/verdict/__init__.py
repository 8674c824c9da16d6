"""Judge thresholds and gates: PASS, FAIL, NO-DATA, or INVALID, each with its reasons."""

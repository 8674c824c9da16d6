"""Limits against measurements: PASS, FAIL, NO-DATA or INVALID, each with its reasons."""

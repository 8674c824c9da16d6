"""Fault injection on a real stack, one fault at a time, to check that every gate can fail."""

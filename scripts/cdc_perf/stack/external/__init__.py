"""The external stack: a pipeline that others run, at the addresses that we are given."""

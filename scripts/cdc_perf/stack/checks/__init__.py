"""Checks of the components before a pipeline is measured."""

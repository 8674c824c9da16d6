"""Faults planted on purpose, one at a time, on a real stack: does every gate turn red?"""

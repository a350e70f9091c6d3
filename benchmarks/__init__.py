"""Measurements against a yardstick in the same run; each prints a table. ``python -m benchmarks NAME``."""

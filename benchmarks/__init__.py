"""Benchmarks: each prints JSON lines with a value and its limit; ``make bench``, or ``python -m benchmarks.NAME``."""

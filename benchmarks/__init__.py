"""Benchmarks: each file prints JSON lines with a value, its limit and what it was compared with. Run by ``make bench``."""

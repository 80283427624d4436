"""Loggers of the experiment manager."""

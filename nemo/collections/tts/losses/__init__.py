"""Losses of speech synthesis models."""

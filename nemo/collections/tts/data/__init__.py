"""The data of speech synthesis models."""

"""``make demo``: from a folder of recordings to a model that transcribes. One concept per file; start with run.py."""

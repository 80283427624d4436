"""Tests of nemo.utils.decorators."""

"""Tests of nemo.utils.exp_manager."""

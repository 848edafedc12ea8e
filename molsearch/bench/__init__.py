"""Benchmark tasks, baselines and reports."""

"""Enrichment metrics that treat ties by expectation, and their intervals."""

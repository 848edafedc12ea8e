"""Losses, one concept a file, each with its naive reference among the tests."""

"""Substructures of many molecules at once: the numbers of RDKit, from arrays and not from loops."""

"""Substructures of many molecules at once: RDKit's numbers, from a few arrays instead of its loops."""

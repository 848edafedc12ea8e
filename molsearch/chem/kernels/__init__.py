"""Substructures of many molecules by compiled loops: for libraries so large that they pay."""

"""Molecules: reading, parents, conformers, fingerprints, drawings. RDKit; never torch."""

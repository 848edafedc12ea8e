"""How far a screen may be trusted: the enrichment to expect, and how likely a hit is active.

Both are fitted on the development screens alone, held out target by target
(`benchmarks/fit_trust.py`), and kept in ``results/trust.json``. They hold for the encoder and the
ranking they were fitted with, and for queries like those; elsewhere nothing is said, and why.
"""

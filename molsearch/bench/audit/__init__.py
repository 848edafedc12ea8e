"""How far a benchmark is known already: training molecules, scaffolds, marks of leakage."""

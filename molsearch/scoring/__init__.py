"""What ranks: similarities of several kinds, fused over queries and added with fixed weights.

The same scorers, fusions and expressions serve benchmarks and screens: what a benchmark can judge
a user can ask for. Similarities are added as they are, without standardising them, so that a
molecule's score depends on itself and the queries alone, not on the rest of its library: unless
first hits have moved these queries (`molsearch.scoring.expansion`).
"""

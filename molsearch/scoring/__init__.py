"""What ranks: similarities of several kinds, fused over queries and added with fixed weights.

The same scorers, fusions and expressions serve benchmarks and screens: what a benchmark can judge
a user can ask for. A molecule's score depends on itself and the queries alone, never on the rest
of its library, so similarities are added as they are, without standardising them.
"""

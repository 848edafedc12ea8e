"""The benchmarks: one file each, their registry, and how a copy on disk is found and read."""

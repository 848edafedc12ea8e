"""The encoder: pure torch and torch-geometric data structures; never RDKit."""

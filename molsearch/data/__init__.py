"""From prepared molecules to tensors: stores, graphs, activities, samplers."""

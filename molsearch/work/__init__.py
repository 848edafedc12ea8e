"""Where work is done: in this process, in a crew of local ones, or on a Ray cluster."""

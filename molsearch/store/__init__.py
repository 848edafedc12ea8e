"""What prepared sets and indexes have in common on the disk: locks, sealed documents, sweeps."""

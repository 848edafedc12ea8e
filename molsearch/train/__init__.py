"""Training: loop, schedule, checkpoints, the encoder card."""

"""The encoders that ship, each with its card."""

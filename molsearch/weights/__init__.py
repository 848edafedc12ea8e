"""The encoder that ships, with its card."""

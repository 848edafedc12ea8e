"""What is said of an index that keeps no full embeddings."""

from __future__ import annotations


def approximate(recall: float) -> str:
    """Say that scores are approximate, and how much is lost."""
    return (
        "embeddings are stored in a byte a dimension, so their scores are approximate: of the "
        f"nearest molecules by the full embeddings it finds {recall:.1%}, as measured at building"
    )

"""What is said of an index whose search may miss what an exact one finds."""

from __future__ import annotations

from molsearch.index.shard_files import ShardFiles


def approximate(reader: ShardFiles) -> str | None:
    """Say that a search is approximate, and how much is lost; None where it is exact."""
    recall, codec = reader.recall, reader.codec
    if recall is None or codec is None:
        return None
    if codec.bounded:
        return (
            "embeddings are stored in a byte a dimension, so their scores are approximate: of the "
            f"nearest molecules by the full embeddings it finds {recall:.1%}, as measured at "
            "building"
        )
    return (
        f"the copy that is scanned (codec {codec.name}) states no bound on its errors, so the list "
        f"is approximate: of the nearest molecules it finds {recall:.1%}, as measured at building; "
        "scores that are shown are exact"
    )

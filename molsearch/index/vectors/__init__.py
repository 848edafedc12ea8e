"""How embeddings are stored, and how far a score of the stored form can be from the exact one.

The rows that count are those of ``embeddings.npy``. Another form of them beside it is for scanning,
made by a codec (`codec`, `registry`): it states how far every score of a row can be from that of
the row it stands for, so that a scan of it can be certified (`molsearch.search.engine`).
"""

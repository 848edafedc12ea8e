"""How embeddings are stored, and how far a score of the stored form can be from the exact one.

The rows that count are those of ``embeddings.npy``. Another form of them beside it is for scanning:
it states for every row how far it lies from the row it stands for, from which follows a bound on
the error of every score, so that a scan of it can be certified (`molsearch.search.engine`).
"""

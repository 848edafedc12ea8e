"""Searches that look at a part of an index (`molsearch.index.ann`), and how much they find.

Rows come from inverted lists; every one of them is scored exactly, with fingerprints where they
rank. What can be missed is membership: its measure is the recall, by ranking and number of hits.
"""

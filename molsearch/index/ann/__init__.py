"""Inverted lists beside an index, for searches that look at a part of it: `molsearch index ann`.

What is in a list comes with a recall that was measured on the very index (`molsearch.search.ann`);
whatever is found is scored exactly all the same, from the stored rows.
"""

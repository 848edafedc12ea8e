"""The Python interface: a library, its index, a search.

>>> import molsearch as ms
>>> hits = ms.screen("CC(=O)Oc1ccccc1C(=O)O", "vendor.smi.gz")      # doctest: +SKIP
>>> library = ms.Library.open("vendor.smi.gz")                      # doctest: +SKIP
>>> index = ms.Index.build(library, out="vendor.index")             # doctest: +SKIP
>>> hits = index.search("CC(=O)Oc1ccccc1C(=O)O", k=100)             # doctest: +SKIP
>>> hits[["rank", "molecule_id", "score", "ecfp4_similarity"]]      # doctest: +SKIP
>>> ms.cluster(hits, 0.4, by="ecfp4")                               # doctest: +SKIP
>>> ms.pick(hits, 96).write("plate.xlsx")                           # doctest: +SKIP

Molecules are SMILES, InChI, files, RDKit molecules or a DataFrame, queries mol blocks and vectors
too; a hit list is a DataFrame that draws itself in a notebook.
"""

from __future__ import annotations

from molsearch.api.clusters import cluster
from molsearch.api.encoders import load_encoder
from molsearch.api.explain import explain
from molsearch.api.hits import Hits
from molsearch.api.index import Index
from molsearch.api.library import Library
from molsearch.api.pick import Picks, pick
from molsearch.api.screen import screen
from molsearch.api.space import search_space

__all__ = [
    "Hits",
    "Index",
    "Library",
    "Picks",
    "cluster",
    "explain",
    "load_encoder",
    "pick",
    "screen",
    "search_space",
]

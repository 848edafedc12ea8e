"""The Python interface: a library, its index, a search.

>>> import molsearch as ms
>>> library = ms.Library.open("vendor.smi.gz")                      # doctest: +SKIP
>>> index = ms.Index.build(library, out="vendor.index")             # doctest: +SKIP
>>> hits = index.search("CC(=O)Oc1ccccc1C(=O)O", k=100)             # doctest: +SKIP
>>> hits[["rank", "molecule_id", "score", "ecfp4_similarity"]]      # doctest: +SKIP
>>> ms.pick(hits, 96).write("plate.xlsx")                           # doctest: +SKIP

Nothing here needs RDKit objects: molecules are SMILES, InChI or files. Queries may be RDKit
molecules, mol blocks, DataFrames and vectors too.
"""

from __future__ import annotations

from molsearch.api.encoders import load_encoder
from molsearch.api.explain import explain
from molsearch.api.index import Index
from molsearch.api.library import Library
from molsearch.api.pick import Picks, pick

__all__ = ["Index", "Library", "Picks", "explain", "load_encoder", "pick"]

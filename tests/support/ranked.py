"""A small library of real structures for rankings that look at them, and a fake encoder."""

from __future__ import annotations

from fakes import FakeEncoder, molecule, prepared_set
from rdkit import Chem

from molsearch.chem.fingerprints import ecfp4
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.index.writer import build_index
from molsearch.search.inactives import read_inactives
from molsearch.search.queries import read_queries
from molsearch.search.screen import screen

SMILES = [
    *(f"{'C' * n}c1ccc({group})cc1" for n in range(1, 9) for group in ("O", "N", "Cl", "C(=O)O")),
    *(f"O=C(N{'C' * n})c1ccncc1" for n in range(1, 9)),
    *(f"CN{'C' * n}Oc1ccc2[nH]ccc2c1" for n in range(2, 9)),
]
QUERIES = ["CCCc1ccc(O)cc1 phenol", "O=C(NCC)c1ccncc1 amide"]
RANK = "molsearch+2*ecfp4+0.5*fcfp4-top2+torsion"


def built(folder, smiles, shard_rows=1000, real_keys=False):
    rows = [
        molecule(
            number,
            parent_smiles=one,
            smiles=one,
            molecule_id=f"id-{one}",
            ecfp4=ecfp4(Chem.MolFromSmiles(one)),
            n_conformers=0,
            coords=b"",
            geometry="none",
            **({"inchikey": Chem.MolToInchiKey(Chem.MolFromSmiles(one))} if real_keys else {}),
        )
        for number, one in enumerate(smiles, start=1)
    ]
    return build_index(
        prepared_set(folder / "p", rows), FakeEncoder(), folder / "i", shard_rows=shard_rows
    )


def hits(reader, rank=RANK, queries=QUERIES, k=100, against=(), **config):
    read, prepare = ReadConfig(), PrepareConfig(n_conformers=0)
    asked = read_queries(queries, read, prepare)
    inactives = read_inactives(against, read, prepare)
    config = ScreenConfig(k=k, rank=rank, **config)
    return screen(reader, FakeEncoder(), asked, config, inactives=inactives)

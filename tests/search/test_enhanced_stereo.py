"""A racemate is not its enantiomer: in filters, among inactives, and in the files written."""

from __future__ import annotations

import pytest
from fakes import FakeEncoder, prepared_set
from rdkit import Chem

from molsearch.chem.prepare import prepare_in_process
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.index.writer import build_index
from molsearch.schema import Record
from molsearch.search.inactives import read_inactives
from molsearch.search.output import write_hits
from molsearch.search.queries import read_queries
from molsearch.search.screen import screen

CONFIG = PrepareConfig(n_conformers=0)
SMILES = [
    "CC[C@H](C)O",
    "CC[C@H](C)O |&1:2|",
    "CC[C@@H](C)O |&1:2|",
    "CC[C@H](C)O |o1:2|",
    "CC[C@H](C)O |a:2|",
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stereo")
    records = [Record(i, "t", i, f"m{i}", smiles) for i, smiles in enumerate(SMILES, 1)]
    prepared, failures = prepare_in_process(records, CONFIG)
    assert not failures
    return build_index(prepared_set(folder / "p", prepared), FakeEncoder(), folder / "i")


def run(reader, *inactives, **config):
    return screen(
        reader,
        FakeEncoder(),
        read_queries(["CCCO"], ReadConfig(), CONFIG),
        ScreenConfig(k=9, **config),
        inactives=read_inactives(inactives, ReadConfig(), CONFIG),
    )


def test_one_of_each_parent_is_kept(reader):
    found = run(reader, unique="parent").frame
    assert len(found) == 3
    assert found.inchikey.nunique() == 1
    kept = {"CC[C@H](C)O", "CC[C@H](C)O |&1:2|", "CC[C@H](C)O |o1:2|"}
    assert set(found.parent_smiles) == kept
    assert len(run(reader, unique="skeleton").frame) == 1


def test_an_inactive_racemate_says_nothing_of_the_enantiomer(reader):
    found = run(reader, "CC[C@@H](C)O |&1:2|").frame.set_index("molecule_id")
    assert found.is_inactive[found.is_inactive].index.sort_values().tolist() == ["m2", "m3"]
    left = run(reader, "CC[C@H](C)O", keep_inactives=False).frame
    assert set(left.molecule_id) == {"m2", "m3", "m4"}


def test_sd_files_hold_the_groups(reader, tmp_path):
    hits = run(reader)
    write_hits(hits, tmp_path / "hits.sdf")
    groups = {
        mol.GetProp("molecule_id"): [str(one.GetGroupType()) for one in mol.GetStereoGroups()]
        for mol in Chem.SDMolSupplier(str(tmp_path / "hits.sdf"))
    }
    assert groups["m1"] == groups["m5"] == []
    assert groups["m2"] == groups["m3"] == ["STEREO_AND"]
    assert groups["m4"] == ["STEREO_OR"]

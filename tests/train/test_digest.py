"""Runs are gone on with on the same data alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from families import family_table, gathered, method_for, run, tiny, write_families
from safetensors.torch import save_file

from molsearch.data.store import GraphStore
from molsearch.errors import InputError, UsageError
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.train import loop
from molsearch.train.digest import digest_of
from molsearch.train.learner import encoder_config
from molsearch.train.state import CHECKPOINT_FILE, refuse_unfit, save_checkpoint

FILES = {"activities": "a.csv", "conformers": "", "development": "", "soft": {"unlabelled": ""}}


def test_digest_is_of_molecules_targets_pairs_and_encoders(tmp_path: Path) -> None:
    write_families(tmp_path)
    material = gathered(tiny(**FILES), tmp_path)
    network = Network(encoder_config(tiny()))
    teacher = Encoder(network, identity="t", card={})
    digest = digest_of(material, [])
    assert digest == digest_of(gathered(tiny(**FILES), tmp_path), [])
    assert digest != digest_of(material, [teacher])
    assert digest != digest_of(replace(material, unlabelled=material.store), [])
    table = family_table()
    for changed in (
        table.assign(uniprot=table["uniprot"].to_numpy()[::-1]),
        table.replace({"uniprot": {0: 7}}),
        table[1:],
    ):
        pd.DataFrame(changed).to_csv(tmp_path / "a.csv", index=False)
        assert digest_of(gathered(tiny(**FILES), tmp_path), []) != digest


def test_a_run_is_not_gone_on_with_on_other_data(tmp_path: Path) -> None:
    config, device = tiny(), torch.device("cpu")
    save_checkpoint(tmp_path, loop.start(config, tmp_path, device, data="first"), config)
    loop.start(config, tmp_path, device, data="first")
    with pytest.raises(UsageError, match="saw other data, or other encoders to learn from, than"):
        loop.start(config, tmp_path, device, data="second")


def test_what_does_not_fit_is_refused_before_molecules_are_read(
    pairs: GraphStore, tmp_path: Path
) -> None:
    config = tiny()
    refuse_unfit(tmp_path, config)  # nothing there, nothing to refuse
    run(config, method_for(config, pairs), tmp_path, stop=6)
    refuse_unfit(tmp_path, config)
    with pytest.raises(UsageError, match="another configuration"):
        refuse_unfit(tmp_path, tiny(temperature=0.2))
    longer = tiny(warm_up=2, cool_down=0.2, extend=str(tmp_path / "none"))
    with pytest.raises(UsageError, match=r"has no stem\.safetensors"):
        refuse_unfit(tmp_path / "other", longer)


def test_another_safetensors_file_is_no_checkpoint(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(2)}, tmp_path / CHECKPOINT_FILE)
    with pytest.raises(InputError, match="no checkpoint of a training run"):
        refuse_unfit(tmp_path, tiny())

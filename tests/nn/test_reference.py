"""Reference compounds of an encoder: beside its weights, or one line that says what is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from fakes import unit_rows
from molecules import CONFIGS
from safetensors.torch import save_file

from molsearch.errors import EncoderMismatchError, InputError
from molsearch.nn.network import Network
from molsearch.nn.weights import (
    REFERENCE_FILE,
    bundled_encoders,
    load_encoder,
    save_encoder,
    save_reference,
)

REFERENCE = unit_rows(40)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("saved")
    save_encoder(folder, Network(CONFIGS["small"]), {"name": "tiny"}, reference=REFERENCE)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "e"))


def test_they_come_back_and_are_no_part_of_the_identity(folder: Path) -> None:
    encoder = load_encoder(folder, device="cpu")
    assert encoder.reference is not None
    assert encoder.reference.dtype == np.float16
    np.testing.assert_array_equal(encoder.reference, REFERENCE)
    save_reference(folder, unit_rows(3, seed=1))
    other = load_encoder(folder, device="cpu")
    assert other.identity == encoder.identity
    assert other.reference is not None
    assert len(other.reference) == 3


def test_they_may_be_a_prefix(folder: Path) -> None:
    save_reference(folder, unit_rows(7, 8))
    reference = load_encoder(folder, device="cpu").reference
    assert reference is not None
    np.testing.assert_array_equal(reference, unit_rows(7, 8))


def test_an_encoder_of_before_has_none(folder: Path) -> None:
    (folder / REFERENCE_FILE).unlink()
    assert load_encoder(folder, device="cpu").reference is None


def test_a_folder_that_is_written_anew_keeps_none_of_before(folder: Path) -> None:
    save_encoder(folder, Network(CONFIGS["small"]), {"name": "other"})
    assert load_encoder(folder, device="cpu").reference is None


def test_the_bundled_ones_of_substructures_bring_some() -> None:
    for name in {*bundled_encoders()} - {"small-3d"}:
        reference = load_encoder(name, device="cpu").reference
        assert reference is not None, name
        assert reference.shape == (16384, 128)


@pytest.mark.parametrize(
    ("tensors", "why"),
    [
        ({"reference": torch.from_numpy(unit_rows(5, 17))}, r"is \(5, 17\), the card says \(5, 16"),
        ({"reference": torch.from_numpy(REFERENCE[0])}, "the card says"),
        ({"reference": torch.from_numpy(REFERENCE[:0])}, "the card says"),
        ({"reference": torch.from_numpy(REFERENCE).float()}, "float32, the card says"),
        ({"reference": 2 * torch.from_numpy(REFERENCE)}, "not of unit length"),
        ({"reference": torch.full((2, 16), torch.nan).half()}, "not finite"),
        ({"others": torch.from_numpy(REFERENCE)}, "holds no 'reference'"),
    ],
)
def test_what_does_not_fit_is_one_line(
    folder: Path, tensors: dict[str, torch.Tensor], why: str
) -> None:
    save_file(tensors, folder / REFERENCE_FILE)
    with pytest.raises(EncoderMismatchError, match=why) as told:
        load_encoder(folder, device="cpu")
    assert "\n" not in str(told.value)
    assert REFERENCE_FILE in str(told.value)


@pytest.mark.parametrize("left", [0, 5, 100])
def test_a_damaged_file_is_one_line(folder: Path, left: int) -> None:
    path = folder / REFERENCE_FILE
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(EncoderMismatchError, match=r"reference\.safetensors: damaged") as told:
        load_encoder(folder, device="cpu")
    assert "\n" not in str(told.value)


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    with (folder / REFERENCE_FILE).open("r+b") as handle:
        handle.truncate(2**30)
    with pytest.raises((EncoderMismatchError, InputError), match=r"reference\.safetensors"):
        load_encoder(folder, device="cpu")

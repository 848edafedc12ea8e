"""What a session keeps, and what it looks at again."""

from __future__ import annotations

import shutil

import pytest
from command_line import make_encoder
from fakes import FakeEncoder, library, unit_rows

from molsearch.errors import EncoderMismatchError, InputError
from molsearch.index.writer import build_index
from molsearch.nn.weights import REFERENCE_FILE, save_reference
from molsearch.service.session import Session


@pytest.fixture
def session():
    return Session()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return make_encoder(tmp_path_factory.mktemp("e") / "encoder")


def index(folder, n=40):
    return build_index(library(folder / "p", n), FakeEncoder(), folder / "i").path


def test_an_encoder_is_loaded_once_however_it_is_named(session, encoder, tmp_path, monkeypatch):
    first = session.encoder(encoder, device="cpu")
    assert session.encoder(str(encoder), device="cpu") is first
    monkeypatch.chdir(encoder.parent)
    assert session.encoder("encoder", device="cpu") is first
    shutil.copytree(encoder, tmp_path / "copy")
    assert session.encoder(tmp_path / "copy", device="cpu") is first
    assert session.encoder(encoder, device="cpu", batch_size=7) is not first


def test_an_encoder_that_was_trained_again_is_loaded_again(session, tmp_path):
    place = make_encoder(tmp_path / "e", seed=1)
    first = session.encoder(place, device="cpu")
    make_encoder(tmp_path / "e", seed=2)
    second = session.encoder(place, device="cpu")
    assert second.identity != first.identity


def test_one_whose_reference_compounds_change_is_loaded_again(session, tmp_path):
    place = make_encoder(tmp_path / "e")
    first = session.encoder(place, device="cpu")
    held = session.n_bytes
    save_reference(place, unit_rows(30, 256))
    second = session.encoder(place, device="cpu")
    assert second.identity == first.identity
    assert first.reference is None
    assert len(second.reference) == 30
    assert session.n_bytes == 2 * held + second.reference.nbytes
    copy = shutil.copytree(place, tmp_path / "copy")
    assert session.encoder(copy, device="cpu") is second
    (copy / REFERENCE_FILE).unlink()
    assert session.encoder(copy, device="cpu").reference is None


def test_an_index_is_open_until_a_newer_generation_is_there(session, tmp_path):
    place = index(tmp_path)
    first = session.index(place)
    assert session.index(str(place)) is first
    build_index(library(tmp_path / "q", 50), FakeEncoder(), place, overwrite=True)
    second = session.index(place)
    assert (first.n_rows, second.n_rows) == (40, 50)
    assert second.manifest.generation > first.manifest.generation


def test_another_encoder_and_no_index_are_refused_warm_as_cold(session, tmp_path):
    place = index(tmp_path)
    for _ in range(2):
        with pytest.raises(EncoderMismatchError, match="was made by encoder"):
            session.index(place, encoder="f" * 64)
    with pytest.raises(InputError, match="no index at"):
        session.index(tmp_path / "nowhere")


def test_the_least_used_goes_where_memory_is_short(encoder, tmp_path):
    loaded = Session()
    loaded.encoder(encoder, device="cpu")
    places = [index(tmp_path / name) for name in "ab"]
    probe = Session()
    probe.index(places[0])
    size = probe.n_bytes
    session = Session(memory_limit=int(1.5 * size))
    first = session.index(places[0])
    session.index(places[1])
    assert session.n_bytes <= int(1.5 * size)
    assert session.index(places[0]) is not first
    # What alone is larger than the limit still serves.
    small = Session(memory_limit=1)
    assert small.encoder(encoder, device="cpu") is small.encoder(encoder, device="cpu")
    session.close()
    assert session.n_bytes == 0

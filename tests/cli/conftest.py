"""One small library, indexed once, for the tests of verbs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from command_line import ASPIRIN, make_encoder, make_library

from molsearch.config import PrepareConfig, ReadConfig


class World(NamedTuple):
    """Files that many tests read and none changes."""

    library: Path
    encoder: Path
    other_encoder: Path
    prepared: Path
    index: Path


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    from molsearch.data.prepare import prepare
    from molsearch.index.writer import build_index
    from molsearch.nn.weights import load_encoder

    folder = tmp_path_factory.mktemp("world")
    library = make_library(folder / "library.csv")
    encoder = make_encoder(folder / "encoder")
    prepared = prepare([library], folder / "prepared", ReadConfig(), PrepareConfig(), workers=1)
    build_index(prepared, load_encoder(encoder, device="cpu"), folder / "library.index")
    return World(
        library,
        encoder,
        make_encoder(folder / "other", seed=2),
        folder / "prepared",
        folder / "library.index",
    )


@pytest.fixture
def screen(molsearch, world):
    def run(*arguments, query=ASPIRIN, index=True):
        source = ("-i", world.index) if index else ()
        return molsearch("screen", "-q", query, *source, "--encoder", world.encoder, *arguments)

    return run

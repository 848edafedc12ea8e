"""Conformers of a library: as given, or as the encoder's card says."""

from __future__ import annotations

import pytest
from fakes import FakeEncoder

from molsearch.config import PrepareConfig
from molsearch.service.events import Note
from molsearch.service.geometry import settled

NOTHING = {"gain": 0.004, "interval": [-0.004, 0.012], "source": "development screens"}
SOMETHING = {"gain": 0.02, "interval": [0.01, 0.03], "source": "development screens"}


def decide(prepare: PrepareConfig, encoder: FakeEncoder) -> tuple[int, list[str]]:
    said: list[str] = []

    def emit(event: object) -> None:
        assert isinstance(event, Note)
        said.append(event.text)

    return settled(prepare, encoder, emit).n_conformers, said


def test_none_where_the_card_says_that_they_gain_nothing() -> None:
    n, said = decide(PrepareConfig(), FakeEncoder(card={"geometry": NOTHING}))
    assert n == 0
    assert len(said) == 1
    assert "its card they gain this encoder nothing" in said[0]
    assert "(+0.004 [-0.004, +0.012]); --conformers 1 makes them" in said[0]


@pytest.mark.parametrize(
    "card",
    [
        {},
        {"geometry": SOMETHING},
        {"geometry": {"gain": 0.1}},
        {"geometry": "none"},
        {"geometry": {"gain": "?", "interval": [0, 1]}},
        {"geometry": {"gain": 0.1, "interval": [float("nan"), 1]}},
        {"geometry": {"gain": 0.1, "interval": [0.1]}},
    ],
)
def test_one_where_the_card_says_otherwise_or_nothing(card: dict[str, object]) -> None:
    assert decide(PrepareConfig(), FakeEncoder(card=card)) == (1, [])


def test_a_number_that_was_given_stands() -> None:
    encoder = FakeEncoder(card={"geometry": NOTHING})
    assert decide(PrepareConfig(n_conformers=1), encoder) == (1, [])
    assert decide(PrepareConfig(n_conformers=5), encoder) == (5, [])
    assert decide(PrepareConfig(use_input_3d=True), encoder) == (1, [])


def test_none_for_an_encoder_without_a_geometry_branch() -> None:
    encoder = FakeEncoder()
    encoder.sees_geometry = False  # type: ignore[attr-defined]
    n, said = decide(PrepareConfig(), encoder)
    assert n == 0
    assert "structure alone" in said[0]


def test_what_was_decided_is_what_a_repeated_request_asks_for() -> None:
    encoder = FakeEncoder(card={"geometry": NOTHING})
    once = settled(PrepareConfig(), encoder, lambda event: None)
    again = PrepareConfig.model_validate(once.model_dump(mode="json"))
    assert decide(again, FakeEncoder()) == (0, [])

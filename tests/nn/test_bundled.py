"""Bundled encoders are named by their identities."""

from __future__ import annotations

import json

import pytest

from molsearch.nn.bundled import bundled_of, named, to_pass
from molsearch.nn.weights import BUNDLED, CARD_FILE, bundled_encoders


@pytest.mark.parametrize("name", bundled_encoders())
def test_an_identity_of_a_bundled_encoder_has_its_name(name: str) -> None:
    identity = json.loads((BUNDLED / name / CARD_FILE).read_text(encoding="utf-8"))["identity"]
    assert bundled_of(identity) == name
    assert named(identity) == f"{name!r} ({identity[:12]})"
    assert to_pass(identity) == f"that one (--encoder {name})"


def test_another_identity_stands_for_itself() -> None:
    assert bundled_of("0123456789abcdef") is None
    assert named("0123456789abcdef") == "0123456789ab"
    assert to_pass("0123456789abcdef") == "the encoder it was made with"

from __future__ import annotations

import json
from pathlib import Path

import pytest

import molsearch
from molsearch.config import ModelConfig
from molsearch.errors import UsageError
from molsearch.nn.registry import model_config, with_changes

WEIGHTS = Path(molsearch.__file__).parent / "weights"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"widht": 3}, "model.widht: there is no such setting; did you mean width?"),
        ({"width": "a"}, "model.width: 'a' is no whole number"),
        ({"width": 0}, "model.width: 0 is not greater than 0"),
        ({"embedding_dim": 32, "matryoshka": [64]}, "a prefix of 64 is wider than embedding_dim"),
        ({"matryoshka": [64, 32]}, "[64, 32]: its widths must ascend"),
        ({"matryoshka": [32, 32]}, "its widths must ascend"),
        ({"matryoshka": [0, 32]}, "from 1 at least"),
        ({"matryoshka": []}, "model.matryoshka: 0 given"),
    ],
)
def test_wrong_changes_of_an_encoder_are_one_line(changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as error:
        with_changes(model_config("small"), changes)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_the_encoders_that_ship_are_still_configurations() -> None:
    cards = sorted(WEIGHTS.glob("*/card.json"))
    assert len(cards) > 2
    for card in cards:
        ModelConfig.model_validate(json.loads(card.read_text())["model"])

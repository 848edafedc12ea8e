"""Wrong settings of a training are told in one line, before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from molsearch.cli.train_config import checked, read_config
from molsearch.config import FinetuneConfig
from molsearch.errors import UsageError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text("steps: 9\nsoft:\n")
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("steps.foo=3", "--set steps.foo=3: steps is a setting, not a section"),
        ("=3", "--set =3: write KEY=VALUE"),
        ("soft.=3", "--set soft.=3: write KEY=VALUE"),
        ("stesp=3", "mine.yaml: stesp: there is no such setting; did you mean steps?"),
        ("soft.limti=3", "soft.limti: there is no such setting; did you mean limit?"),
        ("xyz=3", "xyz: there is no such setting; check its spelling"),
        ("model=3", "model: 3 is no mapping of names to values"),
        ("seed=-1", "seed: -1 is not at least 0"),
        ("seed=12345678901234567890", "seed: 12345678901234567890 is not less than 4,294,967,296"),
    ],
)
def test_a_wrong_change_is_one_line(config: Path, change: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        read_config(config, ["soft.limit=5", change])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_section_that_stands_empty_takes_changes(config: Path) -> None:
    assert read_config(config, ["soft.limit=5"]).soft.limit == 5


def test_seeds_of_a_fine_tuning_have_bounds_too() -> None:
    with pytest.raises(UsageError, match="--set: seed: -1 is not at least 0"):
        checked(FinetuneConfig, {}, ["seed=-1"], "--set")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("model.width=8", "model.width: a committee's parts are trained already"),
        ("model.embedding_dim=a", "model.embedding_dim: 'a' is no whole number above 0"),
    ],
)
def test_of_a_committee_the_width_alone_is_set(config: Path, change: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_config(config, ["method=committee", "parts=[a, b]", "soft={}", change])

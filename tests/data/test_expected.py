"""A guess of how many records there are, for choices of speed alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.expected import expected_of_files, expected_records
from molsearch.data.prepared_manifest import PrepareRun, Source


def run(*sources: tuple[str, int | None], **more: object) -> PrepareRun:
    return PrepareRun.model_validate(
        {
            "sources": [Source(name=name, size=size) for name, size in sources],
            "read": ReadConfig(),
            "prepare": PrepareConfig(),
            "shard_records": 4096,
            "rdkit": "1",
            **more,
        }
    )


@pytest.mark.parametrize(
    ("sources", "more", "due"),
    [
        ([("a.smi", 64_000)], {}, 1_000),
        ([("a.csv", 64_000), ("b.sdf", 2_500_000)], {}, 2_000),
        ([("a.smi.gz", 16_000), ("-", None)], {}, 1_000),
        ([("A.SDF.GZ", 2_500_000)], {"limit": 50}, 50),
        ([("a.smi", 64_000)], {"part": (1, 4)}, 250),
    ],
)
def test_by_size_and_name(
    sources: list[tuple[str, int | None]], more: dict[str, object], due: int
) -> None:
    assert expected_records(run(*sources, **more)) == due


def test_of_files_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x" * 6_400)
    assert expected_of_files([tmp_path / "a.csv", tmp_path, "none.csv", "-"]) == 100

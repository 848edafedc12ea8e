from __future__ import annotations

from pathlib import Path

import pytest

from molsearch.chem.readers.sources import expand_sources
from molsearch.errors import InputError, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("b.smi", "a.CSV.gz", "sub/c.sdf", "d.parquet", "e.smi.gz", "f.ism"):
        (tmp_path / name).touch()
    for name in ("README.txt", ".DS_Store", "._b.smi", "x.pdf", ".hidden/z.smi"):
        (tmp_path / name).touch()
    return tmp_path


def test_directories_give_molecule_files_sorted(folder: Path) -> None:
    found = [str(Path(path).relative_to(folder)) for path in expand_sources([folder])]
    assert found == ["a.CSV.gz", "b.smi", "d.parquet", "e.smi.gz", "f.ism", "sub/c.sdf"]


def test_globs(folder: Path) -> None:
    names = [Path(path).name for path in expand_sources([str(folder / "*.smi*")])]
    assert names == ["b.smi", "e.smi.gz"]
    names = [Path(path).name for path in expand_sources([str(folder / "**" / "*.sdf")])]
    assert names == ["c.sdf"]


def test_a_file_whose_name_looks_like_a_glob(tmp_path: Path) -> None:
    odd = tmp_path / "a[1].smi"
    odd.touch()
    assert expand_sources([odd]) == [str(odd)]


def test_order_and_stdin_are_kept(folder: Path) -> None:
    sources = [folder / "b.smi", "-", folder / "a.CSV.gz"]
    assert expand_sources(sources) == [str(source) for source in sources]


def test_refusals(folder: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        expand_sources([folder / "none.smi"])
    for address in ("http://localhost:9/x.smi", "s3://bucket/*.sdf"):
        with pytest.raises(InputError, match="for indexes only; download the file first"):
            expand_sources([address])
    with pytest.raises(InputError, match="no file matches"):
        expand_sources([str(folder / "*.none")])
    with pytest.raises(UsageError, match="no molecule file named"):
        expand_sources([])
    with pytest.raises(UsageError, match="named twice"):
        expand_sources([folder / "b.smi", f"{folder}/./b.smi"])
    with pytest.raises(UsageError, match="-: named twice"):
        expand_sources(["-", "-"])
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match="no molecule file in this directory"):
        expand_sources([folder / "empty"])

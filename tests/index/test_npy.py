"""A .npy file that grows."""

from __future__ import annotations

import numpy as np
import pytest

from molsearch.errors import IndexCorruptError
from molsearch.index.npy import RowWriter, mapped


@pytest.mark.parametrize("sizes", [[], [0], [1], [3, 0, 5], [1000] * 30])
@pytest.mark.parametrize("dtype", ["float16", "float32", "uint8"])
def test_what_is_appended_is_what_numpy_loads(tmp_path, sizes, dtype):
    rng = np.random.default_rng(0)
    blocks = [(rng.random((n, 7)) * 200).astype(dtype) for n in sizes]
    with RowWriter(tmp_path / "a.npy", 7, dtype) as rows:
        for block in blocks:
            rows.append(block)
    loaded = np.load(tmp_path / "a.npy", mmap_mode="r", allow_pickle=False)
    assert loaded.dtype == dtype
    assert np.array_equal(loaded, np.concatenate([np.empty((0, 7), dtype), *blocks]))


def test_the_file_equals_what_numpy_itself_saves(tmp_path):
    block = np.arange(12, dtype=np.float16).reshape(4, 3)
    with RowWriter(tmp_path / "a.npy", 3, "float16") as rows:
        rows.append(block)
    np.save(tmp_path / "b.npy", block)
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))


def test_rows_of_another_width_are_refused(tmp_path):
    with (
        RowWriter(tmp_path / "a.npy", 3, "float16") as rows,
        pytest.raises(ValueError, match="expected"),
    ):
        rows.append(np.zeros((2, 4)))


def test_what_is_no_such_file_is_damage_in_one_line(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(4))
    assert mapped(tmp_path / "a.npy").tolist() == [0, 1, 2, 3]
    (tmp_path / "b.npy").write_bytes(b"no such thing")
    for name in ("b.npy", "absent.npy"):
        with pytest.raises(IndexCorruptError, match=rf"{name} cannot be read: .+") as told:
            mapped(tmp_path / name)
        assert "\n" not in str(told.value)

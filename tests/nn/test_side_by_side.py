"""Tables that are embedded side by side come in order, and torch has its threads again."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
import torch

from molsearch.nn.side_by_side import side_by_side


def tables(n: int) -> Iterator[pa.Table]:
    for number in range(n):
        yield pa.table({"x": [number]})


def embed(table: pa.Table) -> np.ndarray:
    return np.full((1, 2), table["x"][0].as_py() + torch.get_num_threads() / 1000, np.float32)


@pytest.fixture(params=[1, 3, 20])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_in_order_and_each_with_its_share_of_threads(n: int, threads: int) -> None:
    found = list(side_by_side(embed, tables(n)))
    share = max(1, threads // 8) / 1000
    assert [table["x"][0].as_py() for table, _ in found] == list(range(n))
    assert [vectors[0, 0] for _, vectors in found] == [np.float32(i + share) for i in range(n)]
    assert torch.get_num_threads() == threads


def test_no_more_are_read_than_are_embedded(threads: int) -> None:
    read = 0

    def counted() -> Iterator[pa.Table]:
        nonlocal read
        for table in tables(60):
            read += 1
            yield table

    stream = side_by_side(embed, counted())
    next(stream)
    assert read <= min(threads, 8) + 1
    stream.close()
    assert torch.get_num_threads() == threads
    assert not any(one.name.startswith("embed") for one in threading.enumerate())


def test_what_goes_wrong_is_raised(threads: int) -> None:
    def broken(table: pa.Table) -> np.ndarray:
        if table["x"][0].as_py() == 2:
            raise ValueError("no")
        return embed(table)

    with pytest.raises(ValueError, match="no"):
        list(side_by_side(broken, tables(9)))
    assert torch.get_num_threads() == threads

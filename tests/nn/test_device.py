from __future__ import annotations

import pytest
import torch

from molsearch.errors import UsageError
from molsearch.nn.device import resolve_device


def test_denormal_numbers_are_flushed_once_a_device_is_chosen():
    tiny = torch.full((64,), 1e-25)
    torch.set_flush_denormal(False)
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush denormal numbers")
    torch.set_flush_denormal(False)
    assert (tiny * 1e-15).max() > 0
    assert resolve_device("cpu") == torch.device("cpu")
    assert (tiny * 1e-15).max() == 0


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "meta"])
def test_a_device_that_is_not_here_is_refused_in_one_line(name):
    with pytest.raises(UsageError) as refused:
        resolve_device(name)
    assert str(refused.value).startswith(f"--device {name}: ")
    assert "\n" not in str(refused.value)

"""A generation stays while somebody reads it, and goes after."""

from __future__ import annotations

import gc
import subprocess
import sys

import numpy as np
from fakes import FakeEncoder, library

from molsearch.index import reader as reader_module
from molsearch.index.layout import generations
from molsearch.index.reader import open_index
from molsearch.index.verify import clean
from molsearch.index.writer import build_index
from molsearch.store.hold import hold, remove_free


class Owner:
    """Whatever reads."""


def rebuild(sets, out, times: int) -> None:
    for n in range(times):
        build_index(sets[n % 2], FakeEncoder(), out, overwrite=True)


def two_sets(tmp_path):
    return [library(tmp_path / str(n), n) for n in (30, 20)]


def test_a_held_folder_stays_until_its_owner_goes(tmp_path):
    folder = tmp_path / "g"
    (folder / "shard").mkdir(parents=True)
    one, two = Owner(), Owner()
    hold(one, folder)
    hold(two, folder)
    del one
    assert not remove_free(folder)
    assert (folder / "shard").is_dir()
    del two
    assert remove_free(folder)
    assert not folder.exists()


def test_a_hold_on_nothing_is_none(tmp_path):
    hold(Owner(), tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_hold_of_another_process_counts_and_dies_with_it(tmp_path):
    folder = tmp_path / "g"
    folder.mkdir()
    script = (
        "import sys; from pathlib import Path; from molsearch.store.hold import hold\n"
        "class O: pass\n"
        "o = O(); hold(o, Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], stdin=-1, stdout=-1, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        assert not remove_free(folder)
        other.kill()
    assert remove_free(folder)


def test_a_reader_reads_on_through_many_rebuilds(tmp_path):
    out, sets = tmp_path / "i", two_sets(tmp_path)
    rebuild(sets, out, 1)
    old = open_index(out)
    rebuild(sets[::-1], out, 5)
    assert generations(out) == [1, 5, 6]
    # Nothing was read before the rebuilds.
    assert np.isfinite(old.embeddings(0)).all()
    assert old.records(0).read().num_rows == 30
    assert old.failures().num_rows == 0
    del old
    gc.collect()
    rebuild(sets, out, 1)
    assert generations(out) == [6, 7]


def test_clean_leaves_what_is_read(tmp_path):
    out, sets = tmp_path / "i", two_sets(tmp_path)
    rebuild(sets, out, 1)
    old = open_index(out)
    rebuild(sets[::-1], out, 1)
    assert clean(out) == []
    assert old.records(0).read().num_rows == 30
    del old
    gc.collect()
    assert clean(out) == ["generations/000001"]


def test_a_generation_gone_between_head_and_hold_is_no_damage(tmp_path, monkeypatch):
    out, sets = tmp_path / "i", two_sets(tmp_path)
    rebuild(sets, out, 1)
    stale = reader_module._manifest_of(out)
    rebuild(sets[::-1], out, 3)
    assert generations(out) == [3, 4]
    answers = [stale]
    read = reader_module._manifest_of
    monkeypatch.setattr(
        reader_module, "_manifest_of", lambda path: answers.pop() if answers else read(path)
    )
    assert open_index(out).manifest.generation == 4

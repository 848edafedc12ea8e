"""Add, drop, compact: contents, counts, what is shared and what is written anew."""

from __future__ import annotations

import errno
import os

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from changes import add, compact, content, drop
from fakes import FakeEncoder, failure, library, molecule, prepared_set

from molsearch import schema
from molsearch.errors import InputError, UsageError
from molsearch.index.change import changing
from molsearch.index.generation import unfinished_change
from molsearch.index.layout import ADDED
from molsearch.index.reader import open_index
from molsearch.index.shared import shared
from molsearch.index.size import bytes_by_part, size_of
from molsearch.index.verify import clean, verify_index
from molsearch.index.writer import build_index


@pytest.fixture
def grown(tmp_path):
    """An index of 250 records and one of those with 130 more."""
    build_index(library(tmp_path / "p", 250, bad_every=10), FakeEncoder(), tmp_path / "i",
                shard_rows=100)  # fmt: skip
    return tmp_path / "i"


def new_set(folder, n=130, first=1000):
    outcomes = [
        failure(i) if i % 7 == 0 else molecule(i, seed=first + i, molecule_id=f"n{i}")
        for i in range(1, n + 1)
    ]
    return prepared_set(folder, outcomes)


def test_added_molecules_follow_the_old_ones_and_every_record_is_accounted_for(grown, tmp_path):
    old = content(open_index(grown))
    reader = add(grown, new_set(tmp_path / "q"))
    records, vectors, prints = content(reader)
    n_old, n_new = 225, 112
    assert reader.shard_rows == [100, 100, 25, 100, 12]
    assert records.slice(0, n_old).equals(old[0])
    assert np.array_equal(vectors[:n_old], old[1])
    assert np.array_equal(prints[:n_old], old[2])
    fresh = records.slice(n_old)
    assert fresh.column(schema.MOLECULE_ID).to_pylist()[:3] == ["n1", "n2", "n3"]
    # Numbered on: no record of the new file has the number of an old one.
    numbers = fresh.column(schema.RECORD_NUMBER).to_pylist()
    assert numbers == [250 + i for i in range(1, 131) if i % 7]
    failed = reader.failures().column(schema.RECORD_NUMBER).to_pylist()
    assert failed == [*range(10, 251, 10), *(250 + i for i in range(7, 131, 7))]
    manifest = reader.manifest
    assert (manifest.n_in, manifest.n_ok, manifest.n_failed) == (380, n_old + n_new, 25 + 18)
    assert verify_index(grown).sound


def test_an_addition_embeds_and_writes_the_new_molecules_alone(grown, tmp_path):
    encoder = FakeEncoder()
    before = size_of(grown)
    old = (grown / "generations/000001/shard-00000/embeddings.npy").stat().st_ino
    reader = add(grown, new_set(tmp_path / "q", 5), encoder=encoder)
    assert encoder.n_embedded == 5
    linked = grown / reader.manifest.shards[0].folder / "embeddings.npy"
    assert linked.stat().st_ino == old
    assert size_of(grown) < 1.3 * before


def test_what_was_computed_of_a_shard_since_comes_along(grown, tmp_path):
    beside = grown / "generations/000001/shard-00001/further.npy"
    beside.write_bytes(b"made later")
    reader = add(grown, new_set(tmp_path / "q", 5))
    assert (grown / reader.manifest.shards[1].folder / "further.npy").read_bytes() == b"made later"
    assert verify_index(grown).sound


def test_without_links_files_are_copied(grown, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "no links here")

    monkeypatch.setattr("os.link", refuse)
    reader = add(grown, new_set(tmp_path / "q", 5))
    assert reader.n_rows == 230
    assert verify_index(grown).sound


def test_duplicates_are_found_by_parent_and_left_out_as_failures_when_asked(grown, tmp_path):
    again = [
        molecule(1, molecule_id="twin", parent_smiles="CCO"),
        molecule(2, molecule_id="other", parent_smiles="CCN"),
    ]
    build_index(
        prepared_set(tmp_path / "s", [molecule(1, molecule_id="first", parent_smiles="CCO")]),
        FakeEncoder(), tmp_path / "j",
    )  # fmt: skip
    prepared = prepared_set(tmp_path / "q", again)
    found = shared(open_index(tmp_path / "j"), schema.PARENT_SMILES, prepared.iter_tables())
    assert (found.n, found.first) == (1, ("twin", "first"))
    assert found.mask(0).tolist() == [True, False]
    reader = add(tmp_path / "j", prepared, skip=True)
    assert content(reader)[0].column(schema.MOLECULE_ID).to_pylist() == ["first", "other"]
    (left_out,) = reader.failures().to_pylist()
    assert left_out[schema.STAGE] == "duplicate"
    assert left_out[schema.MOLECULE_ID] == "twin"
    assert "as first" in left_out[schema.REASON]
    assert (reader.manifest.n_in, reader.manifest.n_ok) == (3, 2)
    with pytest.raises(InputError, match="nothing to add: the index has the parents of all 1"):
        add(tmp_path / "j", prepared_set(tmp_path / "t", again[:1]), skip=True, of="once more")


def test_dropped_molecules_are_gone_and_the_others_as_they_were(grown):
    records, vectors, prints = content(open_index(grown))
    wanted = [*records.column(schema.MOLECULE_ID).to_pylist()[105:110], "m00001"]
    untouched = (grown / "generations/000001/shard-00002/records.parquet").stat().st_ino
    reader = drop(grown, wanted)
    assert reader.shard_rows == [99, 95, 25]
    keep = ~pc.is_in(records.column(schema.MOLECULE_ID), pa.array(wanted)).to_numpy()
    after = content(reader)
    assert after[0].equals(records.filter(pa.array(keep)).combine_chunks())
    assert np.array_equal(after[1], vectors[keep])
    assert np.array_equal(after[2], prints[keep])
    manifest = reader.manifest
    assert (manifest.n_in, manifest.n_ok, manifest.n_failed, manifest.n_dropped) == (
        250,
        219,
        25,
        6,
    )
    last = grown / manifest.shards[2].folder / "records.parquet"
    assert last.stat().st_ino == untouched
    assert verify_index(grown).sound


def test_a_shard_that_loses_all_its_molecules_goes(grown):
    ids = content(open_index(grown))[0].column(schema.MOLECULE_ID).to_pylist()
    assert drop(grown, ids[100:200]).shard_rows == [100, 25]
    assert verify_index(grown).sound


def test_an_index_is_never_emptied(grown):
    ids = content(open_index(grown))[0].column(schema.MOLECULE_ID).to_pylist()
    with pytest.raises(UsageError, match=r"all 225 molecules .* would be dropped"):
        drop(grown, ids)
    assert open_index(grown).n_rows == 225


def test_a_compact_index_has_the_bytes_of_one_build(tmp_path):
    """Grown in three steps and compacted, shards are those that one run writes."""
    outcomes = [molecule(i) for i in range(1, 251)]
    build_index(prepared_set(tmp_path / "all", outcomes), FakeEncoder(), tmp_path / "one",
                shard_rows=100)  # fmt: skip
    build_index(prepared_set(tmp_path / "a", outcomes[:120]), FakeEncoder(), tmp_path / "i",
                shard_rows=100)  # fmt: skip
    for name, first, last in (("b", 120, 130), ("c", 130, 250)):
        part = [molecule(i - first, seed=i, molecule_id=f"m{i:05d}", smiles=outcomes[i - 1].smiles)
                for i in range(first + 1, last + 1)]  # fmt: skip
        add(tmp_path / "i", prepared_set(tmp_path / name, part), of=name)
    assert open_index(tmp_path / "i").shard_rows == [100, 20, 10, 100, 20]
    reader = compact(tmp_path / "i")
    assert reader.shard_rows == [100, 100, 50]
    one = open_index(tmp_path / "one")
    for mine, theirs in zip(reader.manifest.shards, one.manifest.shards, strict=True):
        for name in ("embeddings.npy", "ecfp4.npy"):
            assert mine.files[name] == theirs.files[name]
    mine, theirs = content(reader)[0], content(one)[0]
    same = [schema.RECORD_NUMBER, schema.MOLECULE_ID, schema.SMILES]
    assert mine.select(same).equals(theirs.select(same))


def test_a_compacted_index_may_stand_in_for_a_damaged_one(grown, tmp_path):
    """It holds the same library, so falling back to the generation before answers the same."""
    add(grown, new_set(tmp_path / "q"))
    reader = compact(grown)
    (grown / reader.manifest.shards[0].folder / "embeddings.npy").write_bytes(b"gone")
    with pytest.warns(UserWarning, match="is used instead"):
        assert open_index(grown).n_rows == 337


def test_facts_that_were_computed_are_kept_through_every_change(grown, tmp_path):
    def known(reader):
        return reader.facts.kept.known(np.arange(reader.n_rows), "qed")

    reader = open_index(grown)
    rows = np.array([3, 150, 224])
    reader.facts.kept.keep(rows, {"qed": [0.3, 0.15, 0.224]}, ["", "", ""])
    reader = add(grown, new_set(tmp_path / "q"))
    assert np.flatnonzero(known(reader)).tolist() == [3, 150, 224]
    ids = content(reader)[0].column(schema.MOLECULE_ID).to_pylist()
    reader = drop(grown, [ids[0], ids[150]])
    assert np.flatnonzero(known(reader)).tolist() == [2, 222]
    values, _ = reader.facts.kept.find(np.array([222, 2]), ["qed"])
    assert values["qed"] == [0.224, 0.3]
    assert np.flatnonzero(known(compact(grown))).tolist() == [2, 222]


def test_another_unfinished_change_is_not_thrown_away_silently(grown, tmp_path):
    class Stopped(FakeEncoder):
        def embed_table(self, table):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(grown, new_set(tmp_path / "q"), encoder=Stopped())
    assert open_index(grown).n_rows == 225
    assert unfinished_change(grown).startswith("an unfinished add of more")
    with pytest.raises(UsageError, match=r"unfinished add of more \(repeat .* --overwrite"):
        drop(grown, ["m00001"])
    assert drop(grown, ["m00001"], overwrite=True).n_rows == 224
    assert unfinished_change(grown) is None


def test_an_addition_that_was_killed_while_preparing_is_told_and_cleaned_away(grown):
    (grown / ADDED / "0123").mkdir(parents=True)
    assert "still being prepared" in unfinished_change(grown)
    assert clean(grown) == [ADDED]
    assert unfinished_change(grown) is None


def test_an_interrupted_addition_goes_on_after_its_last_whole_shard(grown, tmp_path):
    class Stopping(FakeEncoder):
        def embed_table(self, table):
            if self.n_embedded >= 100:
                raise KeyboardInterrupt
            return super().embed_table(table)

    prepared = new_set(tmp_path / "q")
    with pytest.raises(KeyboardInterrupt):
        add(grown, prepared, encoder=Stopping())
    encoder = FakeEncoder()
    assert add(grown, prepared, encoder=encoder).n_rows == 337
    assert encoder.n_embedded == 12


def test_damage_is_not_written_again_as_sound(grown):
    from molsearch.errors import IndexCorruptError
    from molsearch.index import blocks

    path = grown / "generations/000001/shard-00000/ecfp4.npy"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1  # not at an edge, which opening would see
    path.write_bytes(raw)
    blocks._unseen.clear()
    with pytest.raises(IndexCorruptError):
        drop(grown, ["m00001"])
    assert open_index(grown).manifest.generation == 1


def test_sizes_by_part_add_up_to_the_generation(grown):
    reader = open_index(grown)
    parts = bytes_by_part(reader)
    assert (
        sum(parts.values())
        == sum(entry.n_bytes for shard in reader.manifest.shards for entry in shard.files.values())
        + reader.manifest.failures.n_bytes
    )
    assert parts["fingerprints"] == 225 * 256 + 3 * 128
    assert parts["own columns"] > 0


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_an_index_that_cannot_be_written_is_refused_with_what_to_do(grown, monkeypatch, code):
    def refused(file, on_busy=None):
        raise OSError(code, os.strerror(code), str(file))

    monkeypatch.setattr("molsearch.store.lock.alone", refused)
    with (
        pytest.raises(
            UsageError, match=r"cannot be written \(.*\): get the right .* or copy"
        ) as told,
        changing(grown),
    ):
        raise AssertionError("held")
    assert "\n" not in str(told.value)

"""Building an index: contents, counts, resuming, refusing."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes import FakeEncoder, library, molecule, prepared_set

from molsearch import schema
from molsearch.errors import InputError, MolSearchError, UsageError
from molsearch.index import shard as shard_module
from molsearch.index.reader import open_index
from molsearch.index.writer import build_index


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def test_rows_follow_the_prepared_set_and_all_records_are_accounted_for(tmp_path):
    prepared = library(tmp_path / "p", 1000, bad_every=7)
    encoder = FakeEncoder()
    reader = build_index(prepared, encoder, tmp_path / "i", shard_rows=300)
    table = pa.concat_tables(prepared.iter_tables())
    assert reader.shard_rows == [300, 300, 258]
    assert reader.manifest.n_in == 1000
    assert (reader.n_rows, reader.manifest.n_failed) == (858, 142)
    vectors = np.concatenate([reader.embeddings(i) for i in range(3)])
    assert vectors.dtype == np.float16
    assert np.array_equal(vectors, encoder.embed_table(table).astype(np.float16))
    prints = np.concatenate([reader.fingerprints(i) for i in range(3)])
    assert prints.tobytes() == b"".join(table.column(schema.ECFP4).to_pylist())
    records = pa.concat_tables([reader.records(i).read() for i in range(3)])
    assert records.equals(table.drop_columns([schema.ECFP4]))
    failed = reader.failures().column(schema.RECORD_NUMBER).to_pylist()
    assert failed == list(range(7, 1001, 7))


def test_float32_is_kept_when_asked_for(tmp_path):
    encoder = FakeEncoder()
    prepared = library(tmp_path / "p", 20)
    reader = build_index(prepared, encoder, tmp_path / "i", dtype="float32")
    due = encoder.embed_table(next(prepared.iter_tables()))
    assert np.array_equal(reader.embeddings(0), due)


def test_every_build_of_one_set_is_equal_byte_for_byte(tmp_path):
    prepared = library(tmp_path / "p", 500, bad_every=9)
    for name in "ab":
        build_index(prepared, FakeEncoder(), tmp_path / name, shard_rows=128)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


class StoppingEncoder(FakeEncoder):
    """Is interrupted after some batches."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.batches = batches

    def embed_table(self, table):
        if self.batches == 0:
            raise KeyboardInterrupt
        self.batches -= 1
        return super().embed_table(table)


@pytest.mark.parametrize("batches", [0, 1, 2, 5])
def test_an_interrupted_build_goes_on_after_its_last_whole_shard(tmp_path, batches):
    prepared = library(tmp_path / "p", 700)
    build_index(prepared, FakeEncoder(), tmp_path / "whole", shard_rows=128)
    with pytest.raises(KeyboardInterrupt):
        build_index(prepared, StoppingEncoder(batches), tmp_path / "i", shard_rows=128)
    encoder = FakeEncoder()
    seen = []
    build_index(
        prepared,
        encoder,
        tmp_path / "i",
        shard_rows=128,
        on_progress=lambda done, failed: seen.append((done, failed)),
    )
    assert encoder.n_embedded == 700 - 128 * batches
    assert seen[-1] == (700, 0)
    assert digests(tmp_path / "i") == digests(tmp_path / "whole")


def test_a_damaged_finished_shard_is_made_again_on_resume(tmp_path):
    prepared = library(tmp_path / "p", 500)
    build_index(prepared, FakeEncoder(), tmp_path / "whole", shard_rows=128)
    with pytest.raises(KeyboardInterrupt):
        build_index(prepared, StoppingEncoder(2), tmp_path / "i", shard_rows=128)
    vectors = next((tmp_path / "i").rglob("shard-00001/embeddings.npy"))
    content = bytearray(vectors.read_bytes())
    content[3000] ^= 1
    vectors.write_bytes(content)
    build_index(prepared, FakeEncoder(), tmp_path / "i", shard_rows=128)
    assert digests(tmp_path / "i") == digests(tmp_path / "whole")


def test_without_resume_nothing_of_the_interrupted_build_is_kept(tmp_path):
    prepared = library(tmp_path / "p", 300)
    with pytest.raises(KeyboardInterrupt):
        build_index(prepared, StoppingEncoder(2), tmp_path / "i", shard_rows=100)
    encoder = FakeEncoder()
    build_index(prepared, encoder, tmp_path / "i", shard_rows=100, resume=False)
    assert encoder.n_embedded == 300


def test_a_finished_index_of_the_same_run_is_opened_not_made(tmp_path):
    prepared = library(tmp_path / "p", 50)
    build_index(prepared, FakeEncoder(), tmp_path / "i")
    encoder = FakeEncoder()
    reader = build_index(prepared, encoder, tmp_path / "i")
    assert encoder.n_embedded == 0
    assert reader.manifest.generation == 1


def test_another_library_or_encoder_needs_overwrite_and_becomes_a_new_generation(tmp_path):
    out = tmp_path / "i"
    build_index(library(tmp_path / "p", 50), FakeEncoder(), out)
    other = library(tmp_path / "q", 60)
    with pytest.raises(UsageError, match="another library; pass --overwrite"):
        build_index(other, FakeEncoder(), out)
    with pytest.raises(UsageError, match="another encoder"):
        build_index(library(tmp_path / "r", 50), FakeEncoder("other"), out)
    assert open_index(out).n_rows == 50
    reader = build_index(other, FakeEncoder(), out, overwrite=True)
    assert (reader.manifest.generation, reader.n_rows) == (2, 60)
    build_index(other, FakeEncoder(), out, overwrite=True)
    assert sorted(path.name for path in (out / "generations").iterdir()) == ["000002", "000003"]


def test_an_unfinished_build_of_another_library_is_not_thrown_away_silently(tmp_path):
    out = tmp_path / "i"
    with pytest.raises(KeyboardInterrupt):
        build_index(library(tmp_path / "p", 300), StoppingEncoder(1), out, shard_rows=100)
    with pytest.raises(UsageError, match="unfinished index of another"):
        build_index(library(tmp_path / "q", 60), FakeEncoder(), out, shard_rows=100)
    reader = build_index(
        library(tmp_path / "r", 60), FakeEncoder(), out, shard_rows=100, overwrite=True
    )
    assert reader.n_rows == 60


def test_a_failed_overwrite_leaves_the_old_index(tmp_path):
    out = tmp_path / "i"
    build_index(library(tmp_path / "p", 50), FakeEncoder(), out)
    with pytest.raises(KeyboardInterrupt):
        build_index(library(tmp_path / "q", 90), StoppingEncoder(0), out, overwrite=True)
    assert open_index(out).n_rows == 50


def test_files_and_foreign_folders_are_never_written_over(tmp_path):
    prepared = library(tmp_path / "p", 5)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.tex").write_text("mine")
    for name in ("file", "folder"):
        with pytest.raises(UsageError, match="choose another output"):
            build_index(prepared, FakeEncoder(), tmp_path / name, overwrite=True)
    assert (tmp_path / "folder" / "thesis.tex").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert build_index(prepared, FakeEncoder(), tmp_path / "empty").n_rows == 5


class PatchyEncoder(FakeEncoder):
    """Gives NaN, zero and overlong vectors for some molecules."""

    def embed_table(self, table):
        vectors = super().embed_table(table)
        numbers = table.column(schema.RECORD_NUMBER).to_numpy()
        vectors[numbers % 10 == 1] = np.nan
        vectors[numbers % 10 == 2] = 0
        vectors[numbers % 10 == 3] *= 3
        return vectors


def test_molecules_without_a_usable_embedding_become_failures(tmp_path):
    prepared = library(tmp_path / "p", 100, bad_every=10)
    reader = build_index(prepared, PatchyEncoder(), tmp_path / "i", shard_rows=40)
    assert reader.n_rows == 60
    assert reader.manifest.n_failed == 40
    failures = reader.failures().to_pandas()
    assert failures.groupby("stage").size().to_dict() == {"parse": 10, "embed": 30}
    assert set(failures.record_number[failures.stage == "embed"] % 10) == {1, 2, 3}
    kept = pa.concat_tables([reader.records(i).read() for i in range(reader.n_shards)])
    assert set(kept.column(schema.RECORD_NUMBER).to_numpy() % 10) == {4, 5, 6, 7, 8, 9}
    assert np.isfinite(reader.embeddings(0)).all()


def test_an_encoder_that_fails_on_everything_is_an_input_error(tmp_path):
    class Broken(FakeEncoder):
        def embed_table(self, table):
            return np.full((len(table), self.dim), np.nan, np.float32)

    with pytest.raises(InputError, match="could be embedded"):
        build_index(library(tmp_path / "p", 10), Broken(), tmp_path / "i")
    with pytest.raises(InputError, match="holds no molecule"):
        build_index(library(tmp_path / "q", 10, bad_every=1), FakeEncoder(), tmp_path / "j")


@pytest.mark.parametrize("shard_rows", [0, -1, 2**18 + 1])
def test_shard_rows_out_of_range_are_refused(tmp_path, shard_rows):
    with pytest.raises(UsageError, match="a shard holds"):
        build_index(
            library(tmp_path / "p", 5), FakeEncoder(), tmp_path / "i", shard_rows=shard_rows
        )


def test_a_full_disk_is_one_line_and_the_build_goes_on_later(tmp_path, monkeypatch):
    prepared = library(tmp_path / "p", 300)
    calls = iter(range(100))

    def full(path):
        if next(calls) == 5:  # the first file of the second shard
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return original(path)

    original = shard_module.describe
    monkeypatch.setattr(shard_module, "describe", full)
    with pytest.raises(
        MolSearchError, match=r"cannot write .*No space left.*bytes are needed, .* are free there"
    ):
        build_index(prepared, FakeEncoder(), tmp_path / "i", shard_rows=100)
    monkeypatch.undo()
    encoder = FakeEncoder()
    assert build_index(prepared, encoder, tmp_path / "i", shard_rows=100).n_rows == 300
    assert encoder.n_embedded == 200


def test_records_are_written_in_small_row_groups(tmp_path):
    prepared = prepared_set(
        tmp_path / "p", [molecule(i) for i in range(1, 2501)], shard_records=700
    )
    reader = build_index(prepared, FakeEncoder(), tmp_path / "i")
    metadata = pq.ParquetFile(next((tmp_path / "i").rglob("records.parquet"))).metadata
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert sizes == [1024, 1024, 452]
    assert reader.n_rows == 2500


def test_the_manifest_names_encoder_library_and_checksums(tmp_path):
    encoder = FakeEncoder(card={"figures": {"large": [1] * 10}, "note": "x" * 900})
    prepared = library(tmp_path / "p", 30)
    build_index(prepared, encoder, tmp_path / "i")
    content = json.loads((tmp_path / "i" / "manifest.json").read_text())
    assert content["plan"]["encoder"] == encoder.identity
    assert content["plan"]["library"] == prepared.identity
    assert content["card"]["licence"] == "none"
    assert len(content["card"]["note"]) == 500
    assert "figures" not in content["card"]
    assert content["library"]["sources"] == ["library.smi"]
    assert set(content["shards"][0]["files"]) == {
        "blocks.json",
        "ecfp4.npy",
        "embeddings.npy",
        "ranks.npy",
        "records.parquet",
    }

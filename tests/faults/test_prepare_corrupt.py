"""A damaged prepared set is an error that names the file, never a smaller set."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepare import prepare_records, run_of
from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_writer import writing
from molsearch.errors import IndexCorruptError, InputError
from molsearch.io.folders import Kind, look
from molsearch.io.hashing import sha256_file, sha256_json
from molsearch.schema import Record

FLAT = PrepareConfig(n_conformers=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    source = folder / "x"
    source.write_text("x")
    rows = [Record(n, "x", n, f"m{n}", "C" * n if n % 5 else "C1") for n in range(1, 31)]
    run = run_of([str(source)], ReadConfig(), FLAT).model_copy(update={"shard_records": 12})
    prepare_records(rows, folder / "p", run, workers=1)
    return folder / "p"


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "p"))


def rewrite(folder: Path, change: dict[str, object]) -> None:
    """Edit a manifest and forge its checksum."""
    content = json.loads((folder / "manifest.json").read_text())
    content |= change
    content.pop("checksum")
    content["checksum"] = sha256_json(content)
    (folder / "manifest.json").write_text(json.dumps(content))


def test_the_set_is_whole(made: Path) -> None:
    prepared = PreparedSet.open(made)
    prepared.verify()
    assert (prepared.n_in, prepared.n_ok, prepared.n_failed) == (30, 24, 6)
    assert [table.num_rows for table in prepared.iter_tables()] == [10, 10, 4]


def test_a_truncated_manifest_is_noticed_at_every_length(copy: Path) -> None:
    path = copy / "manifest.json"
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(IndexCorruptError, match=r"manifest\.json"):
            PreparedSet.open(copy)


def test_a_flipped_bit_in_the_manifest_is_noticed(copy: Path) -> None:
    path = copy / "manifest.json"
    whole = path.read_bytes()
    content = json.loads(whole)
    rng = random.Random(3)
    for _ in range(300):
        broken = bytearray(whole)
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(broken))
        try:
            same = json.loads(broken) == content  # a space became another blank
        except ValueError:
            same = False
        if same:
            continue
        with pytest.raises(IndexCorruptError):
            PreparedSet.open(copy)


def test_a_flipped_bit_in_any_file_is_found_by_verify(copy: Path) -> None:
    prepared = PreparedSet.open(copy)
    rng = random.Random(4)
    files = sorted(copy.glob("shards/*.parquet"))
    assert len(files) == 6
    for path in files:
        whole = path.read_bytes()
        for _ in range(20):
            broken = bytearray(whole)
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
            path.write_bytes(bytes(broken))
            with pytest.raises(IndexCorruptError, match=path.name):
                prepared.verify()
        path.write_bytes(whole)
    prepared.verify()


def test_a_missing_or_short_file_is_found_on_opening(copy: Path) -> None:
    path = copy / "shards" / "records-00001.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(IndexCorruptError, match="bytes instead of"):
        PreparedSet.open(copy)
    path.unlink()
    with pytest.raises(IndexCorruptError, match="missing"):
        PreparedSet.open(copy)


def test_swapped_shards_are_found(copy: Path) -> None:
    one, other = (copy / "shards" / f"records-0000{n}.parquet" for n in (0, 1))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    with pytest.raises(IndexCorruptError):
        PreparedSet.open(copy).verify()


def test_forged_manifests_contradict_themselves(copy: Path) -> None:
    content = json.loads((copy / "manifest.json").read_text())
    shards = content["shards"]
    forged: list[tuple[dict[str, object], str]] = [
        ({"shards": [{**shards[0], "n_in": 13}, *shards[1:]]}, "n_in is not"),
        ({"shards": shards[1:]}, "is named where"),
        ({"shards": [shards[0], shards[0]]}, "is named where"),
        ({"shards": []}, "without a record"),
        ({"version": 99}, "update molsearch"),
        ({"surprise": 1}, "contradicts itself"),
    ]
    outside = {**shards[0]["records"], "file": "../../etc/passwd"}
    forged.append(({"shards": [{**shards[0], "records": outside}]}, "contradicts itself"))
    for change, words in forged:
        rewrite(copy, {**content, **change})
        with pytest.raises(IndexCorruptError, match=words):
            PreparedSet.open(copy)


def test_a_shard_of_other_rows_with_forged_sums_is_found(copy: Path) -> None:
    content = json.loads((copy / "manifest.json").read_text())
    path = copy / "shards" / "records-00000.parquet"
    table = pq.read_table(path)
    pq.write_table(table.take([0] * table.num_rows), path)
    stored = content["shards"][0]["records"]
    stored["size"] = path.stat().st_size
    stored["sha256"] = sha256_file(path)
    rewrite(copy, content)
    with pytest.raises(IndexCorruptError, match="does not hold the records 1 to 12"):
        PreparedSet.open(copy).verify()


def test_stray_files_do_not_matter(copy: Path) -> None:
    for name in (".DS_Store", ".manifest.json.tmp-1-ab", "shards/.records-00009.parquet.tmp-2-cd"):
        (copy / name).write_bytes(b"junk")
    (copy / "shards" / "records-00009.parquet").write_bytes(b"not listed")
    PreparedSet.open(copy).verify()
    assert look(copy).kind is Kind.PREPARED


def test_a_damaged_set_is_mended_by_overwrite_alone(copy: Path) -> None:
    (copy / "manifest.json").write_bytes(b"")
    run = run_of([str(copy / "run.json")], ReadConfig(), FLAT)
    with pytest.raises(IndexCorruptError, match="--overwrite"), writing(copy, run):
        pass
    with writing(copy, run, overwrite=True) as writer:
        assert writer.manifest.n_in == 0
    assert PreparedSet.open(copy, allow_unfinished=True).n_in == 0


def test_what_is_no_folder_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="molsearch prepare"):
        PreparedSet.open(tmp_path / "nowhere")
    assert look(tmp_path).kind is not Kind.PREPARED
    with pytest.raises(IndexCorruptError, match="missing"):
        PreparedSet.open(tmp_path)

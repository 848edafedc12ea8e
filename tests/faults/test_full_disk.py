"""A file system that is really full: which file, how many bytes it needs, how many are free."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from command_line import make_encoder, make_library

from molsearch.data.failures import write_failures
from molsearch.data.prepared_table import FAILURES
from molsearch.io import atomic
from molsearch.io.atomic import DiskFullError, refusal, write_bytes
from molsearch.io.tables import write_frame, write_sdf

FULL = Path("/dev/full")
NUMBER = re.compile(r"([\d,]+) bytes are needed, ([\d,]+) are free")


def on_a_small_disk(script: str, size: str = "256k") -> subprocess.CompletedProcess[str]:
    """Run a shell script whose folder ``$DISK`` is a file system of `size`."""
    mount = f"mount -t tmpfs -o size={size} none /mnt && export DISK=/mnt && {script}"
    # In a namespace of its own, so that the mount goes with it.
    return subprocess.run(
        ["unshare", "-Urm", "sh", "-c", mount],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MOLSEARCH_KEEP_ALLOCATOR": "1"},
    )


small_disk = pytest.mark.skipif(
    shutil.which("unshare") is None or on_a_small_disk("true").returncode != 0,
    reason="no file system can be mounted here",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    make_library(folder / "library.csv")
    make_encoder(folder / "e")
    for command in (
        ("prepare", "library.csv", "-o", "p", "-n", "1", "-q"),
        ("index", "p", "-o", "i", "--encoder", "e", "-q"),
    ):
        subprocess.run([sys.executable, "-m", "molsearch", *command], cwd=folder, check=True)
    return folder


@small_disk
@pytest.mark.parametrize(
    ("verb", "left"),
    [
        ("prepare library.csv -o $DISK/out -n 1", 8192),
        ("index p -o $DISK/out --encoder e", 8192),
        ("screen -q CCO -i i --encoder e -k 11 -o $DISK/out.csv", 0),
        ("screen -q CCO -i i --encoder e -k 11 -o $DISK/out.sdf", 0),
        ("screen -q CCO -i i --encoder e -k 11 -o $DISK/out.parquet", 0),
        ("screen -q CCO -i i --encoder e -k 11 -o $DISK/out.sdf.gz", 4096),
        ("screen -q CCO -i i --encoder e -k 11 -o $DISK/none.tsv --failures $DISK/out.csv", 4096),
    ],
)
def test_a_full_disk_names_the_file_and_what_it_needs(world: Path, verb: str, left: int) -> None:
    fill = f"head -c {256 * 1024 - left} /dev/zero > $DISK/filler; cd {world}"
    done = on_a_small_disk(f"{fill}; {sys.executable} -m molsearch {verb}")
    assert done.returncode == 1, done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert "/mnt/out" in line
    assert "No space left on device" in line
    found = NUMBER.search(line)
    assert found, line
    needed, free = (int(one.replace(",", "")) for one in found.groups())
    assert free <= left
    assert needed > free
    assert "more than" not in line


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
def test_the_bytes_needed_are_those_of_the_whole_file(tmp_path, monkeypatch) -> None:
    frame = pd.DataFrame({"a": np.arange(50_000), "b": "text"})
    original = Path.open

    def opened(self, *arguments, **named):
        return original(FULL if ".tmp-" in self.name else self, *arguments, **named)

    blocks = [("name\n\n\n  0  0\nM  END\n", {"a": "x" * n}) for n in range(500)]
    table = pa.table([pa.nulls(9000, field.type) for field in FAILURES], schema=FAILURES)

    def write(path):
        if ".sdf" in path.name:
            write_sdf(iter(blocks), path)
        elif path.name == "failures.csv":
            write_failures(iter([table, table]), path)
        else:
            write_frame(frame, path)

    for name in (
        *("hits.csv", "hits.csv.gz", "hits.parquet", "hits.sdf", "hits.sdf.gz", "failures.csv"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", opened)
            with pytest.raises(DiskFullError) as caught:
                write(tmp_path / name)
        write(tmp_path / name)
        assert caught.value.filename == str(tmp_path / name)
        assert caught.value.exact
        assert caught.value.needed == (tmp_path / name).stat().st_size
        (tmp_path / name).unlink()
        assert not list(tmp_path.iterdir())


def test_a_refusal_says_what_and_where(tmp_path, monkeypatch) -> None:
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFullError) as caught:
        write_bytes(tmp_path / "x", b"abc")
    line = refusal(caught.value, tmp_path)
    assert line.startswith(f"{tmp_path / 'x'}: No space left on device; 3 bytes are needed, ")
    assert "more than 7 bytes" in refusal(
        DiskFullError(caught.value, "y", 7, exact=False), tmp_path
    )
    assert (
        refusal(OSError(13, "Permission denied", "z"), tmp_path) == "z: Permission denied; mend it"
    )
    assert atomic.refusal(caught.value, tmp_path, 9).count("about 9 bytes") == 1

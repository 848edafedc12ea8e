"""Bad input: one clear line that names the file, exit code 3, and no row lost before it."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molsearch.chem.records import iter_records
from molsearch.config import ReadConfig
from molsearch.errors import InputError, MolSearchError
from molsearch.schema import Record

CONFIG = ReadConfig()
MEASURE = """
import resource, sys
from molsearch.chem.records import iter_records
from molsearch.config import ReadConfig
from molsearch.errors import InputError
warm = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
n = errors = 0
refusal = ""
try:
    for record in iter_records([sys.argv[1]], ReadConfig()):
        n += 1
        errors += bool(record.error)
except InputError as error:
    refusal = str(error)
print(n, errors, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - warm) // 1024, refusal)
"""


def until_error(*sources: Path | str, config: ReadConfig = CONFIG) -> tuple[list[Record], str]:
    """Read to the error; return the records before it and its message."""
    found: list[Record] = []
    with pytest.raises(InputError) as caught:
        found.extend(iter_records(sources, config))
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 3
    return found, message


def measured(path: Path) -> tuple[int, int, int, str]:
    """Records, errors, growth of peak memory in MB, and refusal of a read in its own process."""
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    n, errors, grown, *refusal = run.stdout.strip().split(" ", 3)
    return int(n), int(errors), int(grown), " ".join(refusal)


def sdf_text(n: int) -> str:
    block = "\n  x\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n"
    atom = "    0.0000    0.0000    0.0000 C   0  0\nM  END\n"
    return "".join(f"m{number}{block}{atom}>  <n>\n{number}\n\n$$$$\n" for number in range(n))


@pytest.mark.parametrize("name", ["a.smi", "a.csv", "a.sdf", "a.parquet", "a.smi.gz"])
@pytest.mark.parametrize("content", [b"", b"\n \r\n\n"])
def test_empty_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    found, message = until_error(tmp_path / name)
    assert found == []
    assert str(tmp_path / name) in message
    assert "empty" in message


def test_packed_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.smi.gz").write_bytes(gzip.compress(b""))
    assert "empty" in until_error(tmp_path / "a.smi.gz")[1]


@pytest.mark.parametrize("text", ["smiles,id\n", "smiles,id", "smiles\n\n\n"])
def test_header_without_rows(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    assert "no molecule rows" in until_error(tmp_path / "a.csv")[1]


def test_empty_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"smiles": pa.array([], pa.string())}), tmp_path / "a.parquet")
    assert "no molecule rows" in until_error(tmp_path / "a.parquet")[1]


def test_binary_renamed(tmp_path: Path) -> None:
    path = tmp_path / "a.smi"
    path.write_bytes(os.urandom(100_000))
    found, message = until_error(path)
    assert found == []
    assert message.startswith(f"{path}: ")
    path.write_bytes(Path(sys.executable).resolve().read_bytes()[:200_000])
    assert "binary data" in until_error(path)[1]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("id,x\na,1\n", {}, "no SMILES column.*'id', 'x'"),
        ("smiles,id\nCCO,a\n", {"smiles_column": "SMI"}, "no column 'SMI'.*'smiles', 'id'"),
        ("smiles,id\nCCO,a\n", {"id_column": "CAS"}, "no column 'CAS'.*'smiles', 'id'"),
        ("smiles,id\nCCO,a\n", {"delimiter": "tab"}, "no SMILES column|no column"),
        ("id;name\nCCX;a\n", {}, "SMILES"),
    ],
)
def test_missing_columns_and_wrong_delimiters(
    tmp_path: Path, text: str, options: dict[str, object], message: str
) -> None:
    (tmp_path / "a.csv").write_text(text)
    found, said = until_error(tmp_path / "a.csv", config=ReadConfig(**options))
    assert found == []
    assert re.search(message, said)


def _smi(n: int) -> bytes:
    return b"".join(b"C%dCCCC%d m%d\n" % (n % 9 + 1, n % 9 + 1, n) for n in range(n))


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("a.smi.gz", _smi(5000)),
        ("a.csv.gz", b"smiles,id\n" + _smi(5000).replace(b" ", b",")),
        ("a.sdf.gz", sdf_text(2000).encode()),
    ],
)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_truncated_gzip_keeps_the_records_before(
    tmp_path: Path, name: str, whole: bytes, share: float
) -> None:
    (tmp_path / "whole").with_suffix(name[1:]).write_bytes(gzip.compress(whole))
    every = list(iter_records([(tmp_path / "whole").with_suffix(name[1:])], CONFIG))
    packed = gzip.compress(whole)
    path = tmp_path / name
    path.write_bytes(packed[: max(12, int(len(packed) * share))])
    found, message = until_error(path)
    fields = [(r.number, r.molecule_id, r.smiles, r.molblock, r.extra) for r in found]
    assert fields == [
        (r.number, r.molecule_id, r.smiles, r.molblock, r.extra) for r in every[: len(found)]
    ]
    assert "truncated" in message
    where = f"after record {len(found):,}" if found else "before its first record"
    assert where in message
    assert "download the file again" in message
    assert len(found) >= len(every) * (share - 0.35)


def test_checksum_error_comes_after_all_records(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(_smi(1000)))
    packed[-8] ^= 255
    (tmp_path / "a.smi.gz").write_bytes(packed)
    found, message = until_error(tmp_path / "a.smi.gz")
    assert len(found) == 1000
    assert "corrupt after record 1,000; earlier records may be wrong too" in message


def test_truncated_sdf_loses_its_last_record_only(tmp_path: Path) -> None:
    text = sdf_text(3)
    (tmp_path / "a.sdf").write_text(text[: text.rfind("0.0000")])
    found = list(iter_records([tmp_path / "a.sdf"], CONFIG))
    assert [bool(record.error) for record in found] == [False, False, True]


def test_bomb(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, wbits=31)
    block = b"C" * 2_000_000
    path = tmp_path / "a.smi.gz"
    with path.open("wb") as handle:
        handle.write(packer.compress(b"CCO a\n"))
        for _ in range(500):
            handle.write(packer.compress(block))
        handle.write(packer.flush())
    n, errors, grown, refusal = measured(path)
    assert (n, errors) == (1, 0)
    assert (
        "expands more than 200-fold after record 1; if you trust the file, decompress it" in refusal
    )
    assert grown < 150


@pytest.mark.parametrize(
    ("name", "start", "unit", "expected"),
    [
        ("a.smi", b"CCO a\n", b"C", (3, 1)),
        ("a.smi", b"CCO a\n", b"C ", (3, 1)),
        ("a.csv", b"smiles,id\nCCO,a\n", b",", (3, 1)),
        ("a.csv", b"smiles,id\nCCO,a\n", b'"', (3, 1)),
        ("a.sdf", sdf_text(1).encode(), b"C", (2, 1)),
    ],
)
def test_a_line_of_100_mb(
    tmp_path: Path, name: str, start: bytes, unit: bytes, expected: tuple[int, int]
) -> None:
    path = tmp_path / name
    with path.open("wb") as handle:
        handle.write(start)
        for _ in range(100):
            handle.write(unit * (1_000_000 // len(unit)))
        handle.write(b"\nCCO,b\n" if name == "a.csv" else b"\nCCO b\n")
    n, errors, grown, refusal = measured(path)
    assert (n, errors) == expected
    assert refusal == ""
    assert grown < 150


def test_a_header_of_100_mb_and_of_a_million_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"smiles," + b"x" * 100_000_000 + b"\nCCO,1\n")
    assert "first line" in measured(path)[3]
    path.write_bytes(b"smiles," + b"x," * 1_000_000 + b"\nCCO,1\n")
    *_, grown, refusal = measured(path)
    assert "1,000,002 columns" in refusal
    assert grown < 300


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    grown = []
    for size in (20_000, 400_000):
        path = tmp_path / f"{size}.csv"
        path.write_bytes(b"smiles,id,x,y\n" + b"c1ccccc1CCO,molecule,12.5,some text\n" * size)
        n, errors, growth, _ = measured(path)
        assert (n, errors) == (size, 0)
        grown.append(growth)
    assert grown[1] - grown[0] < 20


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    assert "no such file" in until_error(tmp_path / "none.smi")[1]
    assert "no molecule file in this directory" in until_error(tmp_path)[1]
    (tmp_path / "a.smi").write_text("CCO a\n")
    (tmp_path / "a.smi").chmod(0)
    if os.geteuid() != 0:
        assert "cannot be opened" in until_error(tmp_path / "a.smi")[1]


def test_a_bad_file_among_many_is_found_before_the_first_record(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("CCO a\n")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match=r"b\.csv: no"):
        iter_records([tmp_path / "a.smi", tmp_path / "b.csv"], CONFIG)


def test_all_rows_bad_are_all_records(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("Hello world\nthis is not chemistry\n")
    found = list(iter_records([tmp_path / "a.smi"], CONFIG))
    assert [record.row for record in found] == [1, 2]


def test_pipes_are_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "b.smi").write_text("CCN b\n")
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(b"CCO a\n"),))
    writer.start()
    found = [record.molecule_id for record in iter_records([pipe, tmp_path / "b.smi"], CONFIG)]
    writer.join()
    assert found == ["a", "b"]


def _mutations(raw: bytes) -> Iterator[bytes]:
    for position in range(0, len(raw), 7):
        yield raw[:position]
        yield raw[:position] + b"\xff\0" + raw[position:]
        yield raw[:position] + raw[position + 1 :]
        yield raw[:position] + b'"\n$$$$\n|' + raw[position:]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.smi", lambda: b"smiles id\nCCO |$a$| x y\nCCN b\n"),
        ("a.csv", lambda: b'id,smiles,n\n"a,1",CCO,"x\ny"\nb,CCN,2\n'),
        ("a.sdf", lambda: sdf_text(2).encode()),
        ("a.smi.gz", lambda: gzip.compress(_smi(40))),
    ],
)
def test_any_damage_is_records_or_one_line(
    tmp_path: Path, name: str, make: Callable[[], bytes]
) -> None:
    path = tmp_path / name
    outcomes = set()
    for raw in _mutations(make()):
        path.write_bytes(raw)
        outcomes.add(_outcome(path))
    assert "refused" in outcomes
    assert outcomes <= {"read", "refused"}


def _outcome(path: Path) -> str:
    try:
        n = len(list(iter_records([path], CONFIG)))
    except MolSearchError as error:
        clear = str(error).startswith(f"{path}: ") and "\n" not in str(error)
        return "refused" if clear else f"unclear: {error}"
    return "read" if n else "nothing"

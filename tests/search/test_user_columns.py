"""Conditions on the columns a library brought: found, compared, and counted where unreadable."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder, molecule, prepared_set

from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.errors import UsageError
from molsearch.index.writer import build_index
from molsearch.search import user_columns
from molsearch.search.queries import read_queries
from molsearch.search.screen import screen

N = 500
PRICES = ["12", " 7.5 ", "n/a", "", "1e2", "-3", ">50", "nan", "1,5"]
DAYS = ["2024-06-01 00:00:00", "2024-05-31", "1/6/2024", "", "2024-02-31", "2025-01-01T08:00"]
NUMBERS = [12, 7.5, None, None, 100, -3, None, None, None]


def user_of(i: int) -> dict[str, str]:
    columns = {"List Price": PRICES[i % 9], "vendor": ["Acme", "Acme Ltd", ""][i % 3], "mw": "7"}
    columns |= {"made": DAYS[i % 6], "stock": ["True", "false", ""][i % 3]}
    return {**columns, "late": "5"} if i > N - 3 else columns


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("user")
    rows = [molecule(i, user=user_of(i)) for i in range(1, N + 1)]
    return build_index(prepared_set(folder / "p", rows), FakeEncoder(), folder / "i", shard_rows=90)


def run(reader, *where, k=N, **config):
    queries = read_queries(["CCO"], ReadConfig(), PrepareConfig(n_conformers=0))
    return screen(reader, FakeEncoder(), queries, ScreenConfig(k=k, where=where, **config))


@pytest.fixture(scope="module")
def ranked(reader):
    return run(reader).frame


@pytest.mark.parametrize(
    ("where", "passes"),
    [
        ('"List Price"<10', lambda i: (NUMBERS[i % 9] or 99) < 10),
        ('-5<="List Price"<=12, mw<100', lambda i: NUMBERS[i % 9] in (12, 7.5, -3)),
        ('"list price"!=12', lambda i: NUMBERS[i % 9] in (7.5, 100, -3)),
        ('"List Price"="n/a"', lambda i: PRICES[i % 9] == "n/a"),
        ("vendor=Acme", lambda i: i % 3 == 0),
        ('VENDOR="Acme Ltd"', lambda i: i % 3 == 1),
        ('vendor!="Acme"', lambda i: i % 3 == 1),
        ('vendor=""', lambda i: i % 3 == 2),
        ("late=5", lambda i: i > N - 3),
        ("made>=2024-06-01", lambda i: i % 6 in (0, 5)),
        ("made=2024-06-01", lambda i: i % 6 == 0),
        ("2024-05-31<=made<2025-01-01 and stock=true", lambda i: i % 6 == 0),
        ("stock=TRUE", lambda i: i % 3 == 0),
        ("stock!=true", lambda i: i % 3 == 1),
        ("mw_input=7", lambda i: True),
        ('"List Price">0 and vendor=Acme', lambda i: (NUMBERS[i % 9] or 0) > 0 and i % 3 == 0),
    ],
)
@pytest.mark.parametrize("k", [5, N])
def test_the_k_best_of_the_molecules_that_pass(reader, ranked, where, passes, k):
    hits = run(reader, where, k=k).frame
    due = [n for n in ranked.record_number if passes(n)]
    if "mw<100" in where:
        small = set(ranked[ranked.mw < 100].record_number)
        due = [n for n in due if n in small]
    assert len(due) > 0
    assert hits.record_number.tolist() == due[:k]


def test_values_that_are_no_numbers_are_counted(reader):
    warnings = run(reader, '0<="List Price"<10').warnings
    (line,) = [one for one in warnings if one.startswith("--where")]
    bad = sum(NUMBERS[i % 9] is None for i in range(1, N + 1))
    empty = sum(PRICES[i % 9] == "" for i in range(1, N + 1))
    assert line.startswith(
        f"--where: {bad} of {N} molecules looked at have no number in 'List Price' "
        f"({bad - empty} hold text such as "
    )
    assert line.endswith(f", {empty} are empty) and do not match")
    assert "\n" not in line
    assert not [one for one in run(reader, "vendor=Acme").warnings if one.startswith("--where")]


@pytest.mark.parametrize(
    ("where", "match"),
    [
        ("pric<5", r"no column 'pric'; there are mw, .*of this library List Price, vendor, mw_inp"),
        ('"List Prise"<5', r"no column 'List Prise'; close to it: List Price; there are mw"),
        ("vendr=x", r"no column 'vendr'; close to it: vendor; "),
        ("scor<1", r"no column 'scor'; close to it: score; "),
        ("rank<5", r"no column 'rank'"),
    ],
)
def test_a_column_that_is_not_there_is_one_line_with_the_close_ones(reader, where, match):
    with pytest.raises(UsageError, match=match) as caught:
        run(reader, where)
    assert "\n" not in str(caught.value)


def test_a_library_without_columns_says_so(tmp_path):
    rows = [molecule(i, user={}) for i in range(1, 4)]
    reader = build_index(prepared_set(tmp_path / "p", rows), FakeEncoder(), tmp_path / "i")
    with pytest.raises(UsageError, match="and of this library none"):
        run(reader, "price<5")


def test_reading_stops_where_all_columns_are_found(reader, monkeypatch):
    read = []
    stored = user_columns._stored

    def watched(reader, shard):
        read.append(shard)
        return stored(reader, shard)

    monkeypatch.setattr(user_columns, "_stored", watched)
    run(reader, "vendor=Acme", k=3)
    assert read == [0]
    run(reader, "late=5", k=3)
    assert read == [0, *range(reader.n_shards)]


def test_two_columns_that_differ_by_capitals_are_told_apart(tmp_path):
    rows = [molecule(i, user={"IC50": str(i), "ic50": str(-i)}) for i in range(1, 30)]
    reader = build_index(prepared_set(tmp_path / "p", rows), FakeEncoder(), tmp_path / "i")
    assert len(run(reader, "IC50>20").frame) == 9
    assert len(run(reader, "ic50>-5").frame) == 4
    with pytest.raises(UsageError, match="no column 'Ic50'; close to it: "):
        run(reader, "Ic50>0")


def test_hostile_column_names_are_only_names(tmp_path):
    name = "__import__('os')"
    rows = [molecule(i, user={name: str(i)}) for i in range(1, 10)]
    reader = build_index(prepared_set(tmp_path / "p", rows), FakeEncoder(), tmp_path / "i")
    hits = run(reader, f'"{name}">5').frame
    assert np.array_equal(np.sort(hits.record_number), [6, 7, 8, 9])
    assert name in hits


def test_what_is_no_day_is_told(reader):
    (line,) = [w for w in run(reader, "made>2024-01-01").warnings if "day" in w]
    assert "no day (written 2024-06-01) in 'made'" in line
    assert "'1/6/2024'" in line
    assert "'2024-02-31'" in line


def test_a_text_that_no_molecule_has_is_told_with_what_there_is(reader):
    (line,) = [w for w in run(reader, "vendor=acme").warnings if "no molecule" in w]
    assert "has 'acme' in 'vendor', which holds for instance" in line
    assert "'Acme'" in line
    for where in ("vendor=Acme", "vendor!=acme", "late=x and vendor=Acme"):
        lines = [w for w in run(reader, where).warnings if "'vendor'" in w]
        assert lines == []

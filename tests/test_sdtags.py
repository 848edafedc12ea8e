"""Tags of SD files: one rule in reader and writer, so that what is written is read again."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molsearch.chem.molblock import mol_block
from molsearch.chem.records import iter_records
from molsearch.config import ReadConfig
from molsearch.io.tables import write_sdf
from molsearch.sdtags import header_name, item_text, read_items, read_title, title_line


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("> <IC50 (<10 uM)>", "IC50 (<10 uM)"),
        (">  <a > b>  ", "a > b"),
        ("> 25 <MELTING.POINT> (MD-1)", "MELTING.POINT"),
        ("> 55 (MD-08974) <BOILING.POINT> DT12", "BOILING.POINT"),
        ("><x>", "x"),
        ("> < x >", " x "),
        ("> DT12", "DT12"),
        ("> 55 DT7 (MD-1)", "DT7"),
        ("> 50 uM", None),
        (" > <x>", None),
        ("> WIDTH12", None),
        ("", None),
    ],
)
def test_headers(line: str, name: str | None) -> None:
    assert header_name(line) == name


def test_what_is_a_value() -> None:
    found = read_items(
        "> 25 <MELTING.POINT> (MD-1)\n179\n\n>  <a>b>\n> 50 uM\n\n\nstill\n\n\n"
        "> <CMP>\n> <50>\n\n> <empty>\n\n> DT3\nx\n \n>  <next>\n1\n>  <run together>\n2\n\n"
    )
    assert dict(zip(found.names, found.values, strict=True)) == {
        "MELTING.POINT": "179",
        "a>b": "> 50 uM\n\n\nstill",
        "CMP": "> <50>",
        "empty": "",
        "DT3": "x",
        "next": "1\n>  <run together>\n2",
    }
    assert found.odd == [("CMP", "> <50>"), ("next", ">  <run together>")]
    assert read_items("") == read_items("\n\n") == ([], [], [], [])
    assert read_items("junk\n\n> <a>\n1\n").stray == ["junk"]


def test_other_programs_read_all_of_a_value() -> None:
    values = {"a": "one\n\ntwo\n$$$$\n\n> <b>\nend", "IC50 (<10 uM)": " <5> ", "DT12": "7"}
    text = (
        mol_block("CCO", None, "m") + "".join(item_text(*one) for one in values.items()) + "$$$$\n"
    )
    (mol,) = Chem.ForwardSDMolSupplier(io.BytesIO(text.encode()))
    found = {name: mol.GetProp(name) for name in mol.GetPropNames()}
    assert found == values | {"a": "one\n \ntwo\n $$$$\n \n > <b>\nend"}


text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=12)
tricky = st.sampled_from(
    ["", " ", "  ", "\t",
     "$$$$", " $$$$", "$$$$x", "> <a>", " > <a>", ">  <50>", "> DT12", ">", "M  END",
     "  1  0  0  0  0  0  0  0  0  0999 V2000", "\x0b", "\x85", "\u2028"]
)  # fmt: skip
values = st.lists(text | tricky, max_size=5).map("\n".join)
names = (text | tricky | st.sampled_from(["IC50 (<10 uM)", "a > b", "<", ">", "a>  <b"])).filter(
    lambda name: name.strip() != "" and "\n" not in name
)
# A byte-order mark at the start of a file is none of its text.
titles = (text | tricky).filter(lambda title: "\n" not in title and not title.startswith("\ufeff"))


def _printable(words: str) -> bool:
    """Whether a file may hold it: one with control characters is refused as binary."""
    return not any(unicodedata.category(one) == "Cc" and one not in "\t\n" for one in words)


@given(st.dictionaries(names, values, max_size=4))
@example({"CMP": "> <50>"})
@example({"a": "\n", "b": "x\n\n> <c>\n\n"})
def test_items_come_back(items: dict[str, str]) -> None:
    found = read_items("".join(item_text(*one) for one in items.items()))
    assert found.names == list(items)
    assert found.values == list(items.values())
    assert found.stray == []


@given(titles)
def test_titles_come_back(title: str) -> None:
    assert read_title(title_line(title)) == (title if title.strip() else "")
    assert not title_line(title).startswith("$$$$")


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            titles.filter(_printable),
            st.dictionaries(names.filter(_printable), values.filter(_printable), max_size=4),
        ),
        min_size=1,
        max_size=4,
    )
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_files_come_back(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, dict[str, str]]]
) -> None:
    path = tmp_path_factory.mktemp("sd") / "a.sdf"
    write_sdf(((mol_block("CCO", None, title), tags) for title, tags in records), path)
    found = list(iter_records([path], ReadConfig(id_field=None)))
    assert [dict(one.extra) for one in found] == [tags for _, tags in records]
    assert [list(one.extra) for one in found] == [list(tags) for _, tags in records]
    assert not any(one.error for one in found)
    for (title, _), one in zip(records, found, strict=True):
        if title.strip():
            assert one.molecule_id == title


def test_line_ends_in_values_become_the_file_s(tmp_path: Path) -> None:
    write_sdf([(mol_block("CCO", None, "a\r\nb"), {"x\ny": "1\r\n2\r3"})], tmp_path / "a.sdf")
    (found,) = iter_records([tmp_path / "a.sdf"], ReadConfig())
    assert (found.molecule_id, dict(found.extra)) == ("a b", {"x y": "1\n2\n3"})


def test_a_file_that_says_its_tags_run_together_is_told(tmp_path: Path) -> None:
    block = mol_block("CCO", None, "m1")
    together = f"{block}> <A>\n1\n> <B>\n2\n\n$$$$\n"
    (tmp_path / "a.sdf").write_text(f"{block}> <A>\n1\n\n$$$$\n" + together * 2)
    with pytest.warns(UserWarning, match="header") as told:
        found = list(iter_records([tmp_path / "a.sdf"], ReadConfig()))
    assert [dict(one.extra) for one in found] == [{"A": "1"}, *[{"A": "1\n> <B>\n2"}] * 2]
    (line,) = (str(one.message) for one in told)
    assert line.startswith(f"{tmp_path / 'a.sdf'}: 2 records with a line like a tag's header")
    assert "first: record 2, '> <B>' in <A>" in line

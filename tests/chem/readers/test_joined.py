"""SD files joined without ``$$$$``: every mol block is a record, or the text of a tag."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molsearch.chem.readers.joined import part
from molsearch.chem.records import iter_records
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.schema import Record
from molsearch.sdtags import item_text
from molsearch.search.queries import read_queries

V2000 = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
V3000 = Chem.MolToV3KMolBlock(Chem.MolFromSmiles("CCN"))
BLOCKS = [V2000, V3000]


def read(path: Path, text: str) -> list[Record]:
    path.write_bytes(text.encode())
    return list(iter_records([path], ReadConfig()))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("block", BLOCKS)
def test_three_molecules_are_three(tmp_path: Path, block: str, end: str) -> None:
    text = f"a{block}> <x>\n1\n\nb{block}c{block}> <x>\n3\n\n$$$$\nd{block}$$$$\n"
    with pytest.warns(UserWarning, match=r"1 record with several mol blocks.*record 1\)"):
        found = read(tmp_path / "a.sdf", text.replace("\n", end))
    assert [one.molecule_id for one in found] == ["a", "b", "c", "d"]
    assert [one.row for one in found] == [1, 2, 3, 4]
    assert [dict(one.extra) for one in found] == [{"x": "1"}, {}, {"x": "3"}, {}]
    assert not any(one.error for one in found)
    assert all(Chem.MolFromMolBlock(one.molblock).GetNumAtoms() == 3 for one in found)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_files_that_end_without_a_line_end(tmp_path: Path) -> None:
    bare = f"a{V2000}".rstrip("\n")
    found = read(tmp_path / "a.sdf", f"{bare}b{V3000}$$$$c{V2000}> <x>\n1\n\n$$$$")
    assert [one.molecule_id for one in found] == ["a", "b", "c"]
    assert found[0].molblock.endswith("M  END\n")
    assert dict(found[2].extra) == {"x": "1"}
    assert not any(one.error for one in found)
    kept = read(tmp_path / "b.sdf", f"a{V2000}$$$$ comment\nb{V2000}$$$$ end\n")
    assert [one.molecule_id for one in kept] == ["a", "b"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_torn_block_fails_and_the_next_is_read(tmp_path: Path) -> None:
    for block in BLOCKS:
        torn = "\n".join(block.split("\n")[:6])
        found = read(tmp_path / "a.sdf", f"a{torn}\nb{block}$$$$\n")
        assert [one.molecule_id for one in found] == ["a", "b"]
        assert ["M  END" in one.error for one in found] == [True, False]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_query_file_searches_with_all(tmp_path: Path) -> None:
    path = tmp_path / "q.sdf"
    path.write_text(f"a{V2000}b{V3000}")
    found = read_queries([path], ReadConfig(), PrepareConfig(n_conformers=0))
    assert [(one.query_id, one.first.parent_smiles) for one in found] == [
        ("a", "CCO"),
        ("b", "CCN"),
    ]


def test_a_mol_block_as_a_tag_s_value_stays_there(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="1 record with a mol block within a tag"):
        found = read(tmp_path / "a.sdf", f"a{V2000}{item_text('salt', V3000)}$$$$\n")
    assert len(found) == 1
    assert found[0].extra == {"salt": V3000}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(BLOCKS), st.sampled_from(["", "1", "two\n\nlines"]), st.booleans()
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_block_is_lost(given_blocks: list[tuple[str, str, bool]]) -> None:
    text = "".join(
        f"m{number}{block}{item_text('x', value) if tagged else ''}"
        for number, (block, value, tagged) in enumerate(given_blocks)
    )
    found = part(text)
    assert found.quoted == 0
    assert len(found.texts) == len(given_blocks)
    assert "".join(found.texts) == text

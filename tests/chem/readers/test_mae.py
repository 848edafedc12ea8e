from __future__ import annotations

import pytest

from molsearch.chem.readers.mae import properties


@pytest.mark.parametrize(
    ("written", "value"),
    [("<>", ""), ("a<>b", "a<>b"), ('"<>"', "<>"), ("<><>", "<><>"), ('"a \\"b\\""', 'a "b"')],
)
def test_only_the_bare_word_for_nothing_is_nothing(written: str, value: str) -> None:
    section = f"f_m_ct {{\n s_m_title\n s_user_x\n :::\n {written}\n 1.50\n m_atom[2] {{\n"
    assert properties(section) == {"s_m_title": value, "s_user_x": "1.50"}

from __future__ import annotations

from molsearch.chem.readers.header import looks_like_header


def test_a_first_row_that_parses_is_data() -> None:
    assert not looks_like_header([["CCO", "name"], ["CC", "b"]], 0, table=True)
    assert looks_like_header([["drug", "name"], ["CC", "b"]], 0, table=False)
    assert not looks_like_header([["CCX", "m1"], ["CC", "m2"], ["CO", "m31"]], 0, table=True)
    assert not looks_like_header([["CCX", "m1"]], 0, table=True)

from __future__ import annotations

import pytest

from molsearch.errors import InputError
from molsearch.io.markers import replaced

BEGIN, END = "<!-- a -->", "<!-- /a -->"


def test_what_stands_around_the_markers_stays():
    page = f"# Mine\n{BEGIN}\nold\n{END}\nthe end\n"
    found = replaced(page, BEGIN, END, "new\nlines", "mine.md")
    assert found == f"# Mine\n{BEGIN}\nnew\nlines\n{END}\nthe end\n"
    assert replaced(found, BEGIN, END, "new\nlines", "mine.md") == found


@pytest.mark.parametrize("page", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_markers_that_are_no_pair_are_refused(page):
    with pytest.raises(InputError, match=r"mine\.md needs one line <!-- a --> and"):
        replaced(page, BEGIN, END, "new", "mine.md")

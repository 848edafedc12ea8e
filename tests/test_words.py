"""One molecule is one molecule, wherever a message counts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from molsearch.words import counted, noun, some_of

ROOT = Path(__file__).parents[1]
COUNTED = (
    "actives|alerts|atoms|characters|compounds|conformers|curves|decoys|dimensions|draws|drugs|"
    "features|files|hits|inactives|jobs|measurements|molecules|others|pairs|plans|processes|"
    "queries|records|requests|rows|runs|scaffolds|scores|seeds|shards|targets|tensors|units|values|"
    "workers"
)
# What follows a number in a message: "{n:,} molecules", "{n} unreadable molecules".
NOT = "are|as|for|has|have|hold|holds|in|is|lower|no|none|of|stands|than|the|to|with"
NOUN = re.compile(rf" (?:(?!(?:{NOT})\b)[a-z-]+ ){{0,2}}(?:{COUNTED})\b")


@pytest.mark.parametrize(
    ("n", "one", "words"),
    [
        (0, "hit", "0 hits"), (1, "hit", "1 hit"), (2, "hit", "2 hits"),
        (1, "query", "1 query"), (3, "query", "3 queries"), (2, "day", "2 days"),
        (1234, "held-out active", "1,234 held-out actives"), (2, "box", "2 boxes"),
    ],
)  # fmt: skip
def test_counts(n: int, one: str, words: str) -> None:
    assert counted(n, one) == words


def test_a_plural_that_no_rule_makes() -> None:
    assert [noun(n, "is", "are") for n in (1, 2)] == ["is", "are"]


def bare_plurals(path: Path) -> Iterator[str]:
    """F-strings that put a plural behind a number, whatever the number."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            number = (
                isinstance(value, ast.FormattedValue)
                and value.conversion == -1  # a name is quoted
                and not _is_fixed(value.value)
            )
            if number and isinstance(text, ast.Constant) and NOUN.match(str(text.value)):
                yield f"{path.relative_to(ROOT)}:{value.lineno}: {ast.unparse(value.value)}"


# No count of things: shapes, a rate, a word of the sentence, and what may be no number at all.
OTHER = {
    "len(records) or 'no'",
    "tuple(z2.shape)", "b.shape", "rate", "have", "how", "name", "development.get('targets', '–')"
}  # fmt: skip


def _is_fixed(value: ast.expr) -> bool:
    """Whether a number is a constant of the program, which is more than one."""
    text = ast.unparse(value)
    return text in OTHER or text.rpartition(".")[2].isupper()


def test_no_message_counts_by_itself() -> None:
    files = [*ROOT.glob("molsearch/**/*.py"), *ROOT.glob("app/**/*.py")]
    assert len(files) > 200
    assert [found for path in files for found in bare_plurals(path)] == []


def test_the_search_finds_what_it_should(tmp_path: Path) -> None:
    path = ROOT / "tests" / "test_words.py"
    n = 1
    assert f"{n:,} molecules" == "1 molecules"  # the line that it finds
    assert any(line.endswith(": n") for line in bare_plurals(path))


def test_nobody_makes_a_plural_of_their_own() -> None:
    own = re.compile(r"""(?:''|"") if [^{}]+ == 1 else ['"]s['"]|['"]s['"] if [^{}]+ > 1""")
    files = [*ROOT.glob("molsearch/**/*.py"), *ROOT.glob("app/**/*.py")]
    assert [str(path) for path in files if own.search(path.read_text())] == []


def test_a_list_that_is_cut_says_what_is_left():
    rows = ["row 1", "row 2", "row 3"]
    assert some_of(rows, 3) == "row 1; row 2; row 3"
    assert some_of(rows, 2) == "row 1; row 2; 1 more"
    assert some_of(rows * 1000, 1, "and ") == "row 1; and 2,999 more"
    assert some_of([], 2) == ""

"""The elements of drawings: they are well formed, and words stay words."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.view import svg

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


@given(WORDS, WORDS)
def test_words_are_never_markup(words, label):
    body = [
        svg.text(1, 2, words),
        svg.path("M0 0L1 1", "a", words),
        svg.circle(1, 2, 3, "b", words),
        svg.rectangle(0, 0, 1, 1, title=words),
        svg.polygon([(0, 0), (1, 2)]),
    ]
    root = ElementTree.fromstring(svg.document(body, 10, 20, label))
    assert root.get("aria-label") == label
    assert [child.tag.rpartition("}")[2] for child in root] == [
        "text", "path", "circle", "rect", "polygon",
    ]  # fmt: skip
    assert root[0].text == (words or None)
    assert [child[0].text for child in root[1:4] if len(child)] == [words] * 3 * bool(words)


@pytest.mark.parametrize(
    ("low", "high", "most", "due"),
    [
        (0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.13, 0.31, 5, [0.15, 0.2, 0.25, 0.3]),
        (0, 37, 5, [0, 10, 20, 30]),
        (-2, 2, 4, [-2, -1, 0, 1, 2]),
    ],
)
def test_ticks_are_round_and_lie_within(low, high, most, due):
    assert svg.ticks(low, high, most) == pytest.approx(due)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 8))
def test_ticks_are_few_and_evenly_spaced(low, span, most):
    found = svg.ticks(low, low + span, most)
    assert len(found) <= most + 1
    assert all(low - 1e-6 * span - abs(low) * 1e-5 <= one for one in found)


def test_a_scale_goes_from_end_to_end_and_holds_small_values_on_a_logarithmic_axis():
    plain = svg.Scale(10, 20, 100, 0)
    assert [plain(10), plain(15), plain(20)] == [100, 50, 0]
    log = svg.Scale(1e-2, 1, 0, 100, log=True)
    assert [log(1e-2), log(0.1), log(1), log(0)] == [0, 50, 100, 0]

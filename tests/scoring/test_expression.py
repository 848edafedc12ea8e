from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.errors import UsageError
from molsearch.scoring.default import RULES, balanced
from molsearch.scoring.expression import Expression, Term, parse_expression
from molsearch.scoring.fusion import FUSIONS
from molsearch.scoring.ranking import ranking_of

NAMES = ["molsearch", "ecfp4", "small-held-out", "atom-pair", "runs/tuned", "a.b_c"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.floats(1e-6, 1e6).map(lambda x: float(f"{x:.12g}")),
            st.sampled_from([None, *FUSIONS]),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda term: term[0],
    ),
    st.sampled_from(["+", " + ", "+ "]),
)
def test_what_is_written_is_read_again(terms, joint):
    due = Expression(tuple(Term(*term) for term in terms))
    assert parse_expression(str(due).replace("+", joint)) == due


def test_a_large_weight_is_one_component_when_read_again():
    found = parse_expression("2e22*ecfp4")
    assert str(found) == "2e22*ecfp4"
    assert parse_expression(str(found)) == found


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab4*+-. nmaxetop2é∞_/", max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text):
    said = []
    try:
        found = parse_expression(text)
    except UsageError as error:
        said = str(error).splitlines()
        found = Expression((Term("ecfp4"),))
    assert len(said) <= 1
    assert found.terms
    assert all(term.name and 0 < term.weight < float("inf") for term in found.terms)
    assert parse_expression(str(found)) == found


@pytest.mark.parametrize("weight", ["nan", "inf", "-1", "0", "two", "", "1e999"])
def test_a_weight_that_is_no_positive_number_is_refused(weight):
    with pytest.raises(UsageError, match="no positive number"):
        parse_expression(f"{weight}*ecfp4")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "lacks a name"), ("ecfp4++x", "lacks a name"), ("2*", "lacks a name"),
     ("rarity*2", r"'rarity\*2' has its weight behind; write 2\*rarity"),
     ("molsearch-0.5*inactives", "added, by [+], and never taken off"),
     ("-mean", "lacks a name"), ("a+2*a", "twice"), ("a" * 3000, "too long")],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(text, words):
    with pytest.raises(UsageError, match=words):
        parse_expression(text)


def test_capitals_do_not_matter_unless_a_folder_has_them():
    assert ranking_of("Balanced", 5).expression == ranking_of("balanced", 5).expression
    due = ranking_of("molsearch-top2+0.5*ecfp4", 3)
    assert ranking_of("MolSearch-Top2 + 0.5*ECFP4", 3).expression == due.expression
    assert ranking_of("Small", 1, encoder={"small"}).expression.terms[0].name == "molsearch"
    folders = {"ECFP4", "small"}
    found = ranking_of("molsearch+ECFP4", 1, is_encoder=folders.__contains__).expression
    assert [term.name for term in found.terms] == ["molsearch", "ECFP4"]


@pytest.mark.parametrize("asked", ["molsearch-ecfp4", "molsearch+ecfp4 - Rarity"])
def test_a_minus_between_components_is_told(asked):
    with pytest.raises(UsageError, match=r"components are added, by \+, and never taken off"):
        ranking_of(asked, 1)
    with pytest.raises(UsageError, match="is called 'odd-name'"):
        ranking_of("odd-name", 1)


def test_a_folder_is_never_taken_apart():
    folders = {"2*odd+name", "tuned-mean"}
    assert parse_expression("2*odd+name", whole=folders.__contains__).terms == (Term("2*odd+name"),)
    found = parse_expression("3*tuned-mean+ecfp4-mean", whole=folders.__contains__)
    assert found.terms == (Term("tuned-mean", 3.0), Term("ecfp4", 1.0, "mean"))


def test_balanced_is_stated_for_any_number_of_queries():
    assert [least for least, _ in RULES] == sorted({least for least, _ in RULES})
    assert RULES[0][0] == 1
    for n_queries in (1, 2, 3, 50):
        found = balanced(n_queries)
        assert {term.name for term in found.terms} <= {"molsearch", "ecfp4"}
        assert all(term.fusion is not None for term in found.terms)
    assert balanced(1) != balanced(2)


def test_a_ranking_says_what_is_added_to_what():
    ranking = ranking_of("balanced", 5)
    terms = {term.name: term for term in ranking.expression.terms}
    weight = terms["ecfp4"].weight
    assert f"{weight:g} × ECFP4 similarity (of the nearest query)" in ranking.words()
    record = ranking.record()
    assert record["rank"] == "balanced"
    assert record["expression"] == str(ranking.expression)
    assert [part["name"] for part in record["components"]] == list(terms)
    assert "(" not in ranking_of("balanced", 1).words()
    by_mean = ranking_of("balanced", 5, fusion="mean")
    assert {term.fusion for term in by_mean.expression.terms} == {"mean"}
    mixed = ranking_of("small-top2+3*ecfp4", 5, fusion="mean", encoder={"small"})
    assert str(mixed.expression) == "molsearch-top2+3*ecfp4-mean"

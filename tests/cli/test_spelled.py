"""A request, typed as a command, is that request again."""

from __future__ import annotations

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.cli import index, screen
from molsearch.cli.screen_options import SCREEN
from molsearch.cli.spelled import APART, spelled
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.service.requests import IndexRequest, ScreenRequest

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
LIST = st.lists(TEXT, max_size=2).map(tuple)


def typed(verb, module, words, monkeypatch):
    """The request that a command line makes."""
    asked = []
    monkeypatch.setattr(module, "run", lambda request, **_: asked.append(request))
    monkeypatch.setenv("MOLSEARCH_KEEP_ALLOCATOR", "1")
    typer.main.get_command(module.app).main(words, standalone_mode=False)
    (request,) = asked
    return request


SCREENS = st.builds(
    ScreenRequest,
    queries=st.just(("CCO",)),
    index=st.just("i"),
    k=st.integers(1, 10**6),
    rank=TEXT,
    fusion=st.sampled_from([None, "max", "mean", "top2"]),
    conformer_fusion=st.sampled_from(["max", "mean"]),
    unique=st.sampled_from(["none", "parent", "scaffold"]),
    keep_query=st.booleans(),
    keep_inactives=st.booleans(),
    exclude_alerts=st.booleans(),
    include_smarts=LIST,
    where=LIST,
    facts=LIST,
    inactives_weight=st.floats(0, 9),
    threshold=st.none() | st.floats(-2, 2),
    depth=st.integers(1, 5000),
    base_rate=st.none() | st.floats(1e-6, 0.5),
    dissimilar_at=st.floats(0.1, 0.9),
    active_above=st.floats(-5, 12),
    query_conformers=st.none() | st.integers(0, 500),
    encoder=st.none() | TEXT,
    use_input_3d=st.booleans(),
    read=st.builds(ReadConfig, header=st.sampled_from([None, True, False]), id_column=TEXT),
)


@settings(max_examples=60, deadline=None)
@given(SCREENS)
def test_a_screen_is_typed_as_it_was_asked(asked):
    with pytest.MonkeyPatch.context() as patch:
        words = ["-q", "CCO", *spelled(asked), "-o", "-"]
        found = typed("screen", screen, words, patch)
    assert found.config == ScreenConfig.model_validate(asked.config.model_dump())
    assert found.dissimilar_at == asked.dissimilar_at
    same = ("index", "query_conformers", "encoder", "use_input_3d", "read")
    assert all(getattr(found, name) == getattr(asked, name) for name in same)


def test_no_option_of_a_screen_is_forgotten():
    said = {flag.field.partition(".")[0] for flag in SCREEN}
    assert {*ScreenRequest.model_fields} - said == {"verb", "version"}
    # Molecules and the output are given apart.
    assert said > set(APART)


@pytest.mark.parametrize("conformers", [None, 0, 1, 7])
def test_conformers_that_nobody_asked_for_stay_open(monkeypatch, conformers):
    given = {} if conformers is None else {"n_conformers": conformers}
    asked = IndexRequest(
        library=("a.smi", "b.smi"), output="o", prepare=PrepareConfig(**given, use_input_3d=True)
    )
    found = typed("index", index, [*spelled(asked), "-o", "o"], monkeypatch)
    assert found.prepare == asked.prepare
    said = "n_conformers" in found.prepare.model_fields_set
    assert said == (conformers is not None)
    assert found.library == asked.library

"""The page of a hit list: complete, offline, harmless, and honest about what it leaves out."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from browsing import CHROMIUM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molsearch import schema
from molsearch.search import page
from molsearch.search.page import MAX_DRAWN, MAX_LISTED, write_page
from molsearch.search.page_cards import cards
from molsearch.search.page_plot import scatter
from molsearch.view.hit import Highlight

QUERIES = [{"id": "aspirin", "smiles": "CC(=O)Oc1ccccc1C(=O)O", "note": "COX inhibitor"}]
HOSTILE = "<script>alert('x')</script>\"'&><img src=x onerror=alert(1)>"
SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "CC(C)Cc1ccc(C(C)C(=O)O)cc1", "c1ccncc1", "CCO"]


def hits_of(n: int = 4, **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            schema.RANK: np.arange(1, n + 1),
            schema.MOLECULE_ID: [f"M{i}" for i in range(n)],
            schema.SMILES: [SMILES[i % 4] for i in range(n)],
            schema.SCORE: np.linspace(1.0, 0.2, n),
            schema.PERCENTILE: np.linspace(100.0, 99.0, n),
            schema.QUERY_ID: "aspirin",
            schema.ECFP4_SIMILARITY: np.linspace(1.0, 0.1, n),
            schema.IS_QUERY: [i == 0 for i in range(n)],
            schema.SCAFFOLD: "c1ccccc1",
            schema.ALERTS: ["" if i % 2 else "PAINS: azo_A(324); Brenk: ester" for i in range(n)],
            "mw": 180.16,
            "clogp": 1.31,
            "tpsa": 63.6,
            "hbd": 1,
            "hba": 3,
            "rotatable_bonds": 2,
            "heavy_atoms": 13,
            "formal_charge": 0,
            schema.UNSPECIFIED_STEREO: [i % 3 for i in range(n)],
            schema.GEOMETRY: [schema.GEOMETRY_NONE if i == 3 else "embedded" for i in range(n)],
            schema.PARENT_SMILES: [SMILES[i % 4] for i in range(n)],
            schema.INCHIKEY: "BSYNRYMUTXBXSQ-UHFFFAOYSA-N",
            schema.RECORD_NUMBER: np.arange(1, n + 1),
            schema.SOURCE: "library.csv",
            "drug_class": ["COX inhibitor", "COX inhibitor", "other", ""][:n] + [""] * (n - 4),
        }
    )
    return frame.assign(**columns)


class Reader(HTMLParser):
    """Collects tags, attributes and text as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def count(self, tag: str, kind: str = "") -> int:
        classes = ((a.get("class") or "").split() for t, a in self.tags if t == tag)
        return sum(not kind or kind in names for names in classes)


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hits.html"


def test_shows_every_hit_drawn_and_listed(path: Path) -> None:
    write_page(hits_of(), QUERIES, path, {"title": "Hits for aspirin"})
    reader = read(path)
    assert reader.count("article", "hit") == 4
    assert sum(tag == "tr" for tag, _ in reader.tags) == 5
    assert "Hits for aspirin" in "".join(reader.text)
    assert reader.count("circle") == 4
    assert reader.count("span", "self") == 1


def test_works_without_a_network(path: Path) -> None:
    write_page(hits_of(), QUERIES, path, {})
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|url\(|@import", text)
    for tag, attributes in read(path).tags:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        assert "src" not in attributes


def test_policy_admits_this_script_only(path: Path) -> None:
    write_page(hits_of(), QUERIES, path, {})
    text = path.read_text(encoding="utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text


def test_hostile_text_stays_text(path: Path) -> None:
    hits = hits_of(**{schema.MOLECULE_ID: HOSTILE, "name": HOSTILE + "!", schema.ALERTS: HOSTILE})
    hits[HOSTILE] = HOSTILE
    queries = [{**QUERIES[0], "id": HOSTILE, "note": HOSTILE}]
    run = {
        "title": HOSTILE,
        "facts": [(HOSTILE, HOSTILE)],
        "notes": [HOSTILE],
        "warnings": [HOSTILE],
        "footnotes": [HOSTILE],
        "links": [{"title": HOSTILE, "href": "a.html", "current": True}],
        "highlight": {"column": HOSTILE, "value": HOSTILE},
    }
    write_page(hits, queries, path, run)
    reader = read(path)
    assert sum(tag == "script" for tag, _ in reader.tags) == 1
    assert sum(tag == "img" for tag, _ in reader.tags) == 0
    assert not [name for _, attributes in reader.tags for name in attributes if name[:2] == "on"]
    assert "".join(reader.text).count(HOSTILE) > 10


@given(text=st.text(max_size=60))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_id_leaves_the_page_whole(text: str, path: Path) -> None:
    write_page(hits_of(2, **{schema.MOLECULE_ID: text, "drug_class": text}), QUERIES, path, {})
    reader = read(path)
    assert reader.count("article", "hit") == 2
    assert sum(tag == "script" for tag, _ in reader.tags) == 1


def test_says_what_it_leaves_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MAX_DRAWN", 3)
    monkeypatch.setattr(page, "MAX_LISTED", 5)
    write_page(hits_of(9), QUERIES, path, {})
    reader = read(path)
    assert reader.count("article", "hit") == 3
    assert sum(tag == "tr" for tag, _ in reader.tags) == 1 + 5
    assert reader.count("circle") == 5
    text = "".join(reader.text)
    assert "The first 3 of 9 hits are drawn." in text
    assert "The table and the plot show the first 5." in text
    assert MAX_DRAWN < MAX_LISTED


def test_many_queries_are_not_all_drawn(path: Path) -> None:
    write_page(hits_of(), QUERIES * 15, path, {})
    reader = read(path)
    assert reader.count("figure", "query") == 12
    assert "The first 12 of 15 queries are drawn." in "".join(reader.text)


def test_nothing_is_left_out_in_silence_or_claimed_without_need(path: Path) -> None:
    write_page(hits_of(4), QUERIES, path, {})
    assert "are drawn" not in path.read_text(encoding="utf-8")


def test_missing_numbers_are_dashes_and_a_bad_structure_is_named(path: Path) -> None:
    hits = hits_of(
        **{
            schema.PERCENTILE: np.nan,
            schema.ECFP4_SIMILARITY: np.nan,
            schema.PARENT_SMILES: "not<b>smiles",
        }
    )
    write_page(hits, QUERIES, path, {})
    text = "".join(read(path).text).split('"use strict"')[0]
    assert "not drawn: not<b>smiles" in text
    assert "nan" not in text.lower()
    assert "No hit has both a score and a similarity." in text


def test_empty_hit_list_is_a_page(path: Path) -> None:
    write_page(hits_of().head(0), QUERIES, path, {})
    assert read(path).count("article", "hit") == 0


def test_few_columns_suffice(path: Path) -> None:
    write_page(hits_of()[[schema.RANK, schema.MOLECULE_ID, schema.SMILES]], QUERIES, path, {})
    assert read(path).count("article", "hit") == 4


def test_highlight_marks_its_hits_only(path: Path) -> None:
    run = {"highlight": {"column": "drug_class", "value": "COX inhibitor", "label": "COX"}}
    write_page(hits_of(), QUERIES, path, run)
    reader = read(path)
    assert reader.count("article", "known") == 2
    assert reader.count("circle", "known") == 1  # the other one is the query
    assert reader.count("circle", "query") == 1


def test_cards_carry_badges_and_user_columns() -> None:
    made = cards(hits_of(name=["Aspirin", "", "", ""]), QUERIES, None)
    assert (made[0]["title"], made[0]["id"]) == ("Aspirin", "M0")
    assert (made[1]["title"], made[1]["id"]) == ("M1", "")
    assert [badge.text for badge in made[0]["badges"]] == ["query", "2 alerts"]
    assert [badge.text for badge in made[3]["badges"]] == ["new", "no 3D"]
    chance = cards(hits_of(**{schema.PERCENTILE: 98.9}), QUERIES, None)[3]
    assert [badge.text for badge in chance["badges"]] == ["no 3D"]
    assert ("drug_class", "COX inhibitor", False) in made[0]["more"]
    assert made[0]["percentile"] == "above every random molecule"
    assert made[1]["percentile"] == "above 99.66 % of random molecules"


def test_percentile_is_never_rounded_up() -> None:
    made = cards(hits_of(**{schema.PERCENTILE: 99.9999}), QUERIES, None)
    assert made[0]["percentile"] == "above 99.99 % of random molecules"


def test_hits_are_turned_like_their_nearest_query() -> None:
    queries = [*QUERIES, {"id": "profen", "smiles": SMILES[1]}]
    hits = hits_of(**{schema.QUERY_ID: ["aspirin", "profen", "aspirin", "profen"]})
    made = cards(hits, queries, None)
    alone = cards(hits, [queries[0]], None)
    assert made[0]["drawing"] == alone[0]["drawing"]


LEFT, RIGHT, TOP, BOTTOM = 56, 706, 24, 350  # of the plot, in pixels


def drawn(plot):
    """Dots of a plot, and the numbers on its upright axis, from the bottom."""
    root = ElementTree.fromstring(plot["drawing"])
    space = "{http://www.w3.org/2000/svg}"
    dots = [
        {
            "class": dot.get("class", ""),
            "x": float(dot.get("cx", "")),
            "y": float(dot.get("cy", "")),
            "rank": int(dot.get("data-hit", "")),
        }
        for dot in root.iter(f"{space}circle")
    ]
    labels = [text.text for text in root.iter(f"{space}text") if text.get("text-anchor") == "end"]
    return dots, labels


def test_plot_spans_the_scores_and_tells_new_from_known() -> None:
    plot = scatter(hits_of(), Highlight("drug_class", "COX inhibitor", "COX"))
    assert plot is not None
    # similarities 1, 0.7, 0.4, 0.1: the query, a marked hit, an ordinary one, a new one
    dots, _ = drawn(plot)
    assert [dot["class"] for dot in dots] == ["", "fresh", "known", "query"]
    for dot in dots:
        assert LEFT <= dot["x"] <= RIGHT
        assert TOP <= dot["y"] <= BOTTOM
    best = max(dots, key=lambda dot: -dot["rank"])
    assert best["y"] == min(dot["y"] for dot in dots)
    assert plot["has_query"]


def test_names_in_the_plot_are_text() -> None:
    plot = scatter(hits_of(**{schema.MOLECULE_ID: HOSTILE}), None)
    assert plot is not None
    assert len(drawn(plot)[0]) == 4


def test_plot_ends_at_a_rounded_score_of_one() -> None:
    plot = scatter(hits_of(**{schema.SCORE: [1.0004, 0.9, 0.6, 0.4100001]}), None)
    assert plot is not None
    dots, labels = drawn(plot)
    assert [labels[0], labels[-1]] == ["0.4", "1"]
    assert min(dot["y"] for dot in dots) == TOP


def test_plot_of_equal_scores() -> None:
    plot = scatter(hits_of(**{schema.SCORE: 0.5}), None)
    assert plot is not None
    _, labels = drawn(plot)
    assert len({*labels}) == len(labels) >= 2


@pytest.mark.browser
def test_runs_in_a_browser(path: Path, tmp_path: Path) -> None:
    write_page(hits_of(**{schema.MOLECULE_ID: HOSTILE}), QUERIES, path, {})
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert '<output id="count" aria-live="polite">4 drawn</output>' in done.stdout


def test_scores_above_one_have_their_scale_and_their_parts(tmp_path):
    hits = hits_of(4, **{schema.SCORE: [2.4, 1.2, 0.6, -0.1]})
    hits[schema.MOLSEARCH_SCORE] = [0.9, 0.8, 0.6, -0.1]
    made = cards(hits, QUERIES, None)
    assert [card["score_width"] for card in made] == ["80", "40", "20", "0"]
    assert made[0]["parts"] == [{"label": "cosine", "value": "0.900", "width": "90"}]
    assert made[2]["parts"] == []
    plot = scatter(hits, None)
    heights = [dot["y"] for dot in drawn(plot)[0]]
    assert TOP <= min(heights) <= max(heights) <= BOTTOM
    path = tmp_path / "h.html"
    write_page(hits, QUERIES, path, {"ranking": "cosine of the embeddings + ECFP4 <similarity>"})
    text = path.read_text()
    assert "Score: cosine of the embeddings + ECFP4 &lt;similarity&gt;." in text
    write_page(hits, QUERIES, path, {})
    assert "Score: cosine of the embeddings." in path.read_text()


def test_further_components_are_bars_and_no_columns_of_the_users(path: Path) -> None:
    hits = hits_of(fcfp4_score=[0.5, 0.25, np.nan, 0.0], molsearch_score=0.3)
    parts = [("fcfp4_score", "fcfp4")]
    made = cards(hits, QUERIES, None, parts)
    assert [part["label"] for part in made[0]["parts"]] == ["cosine", "fcfp4"]
    assert [hit["parts"][1]["width"] for hit in made] == ["50", "25", "0", "0"]
    assert made[2]["parts"][1]["value"] == "–"
    assert "fcfp4_score" not in [name for name, *_ in made[0]["more"]]
    write_page(hits, QUERIES, path, {"parts": parts})
    assert "fcfp4" in "".join(read(path).text)


def test_the_reliability_curve_stands_where_something_is_said(path: Path) -> None:
    tiers = [{"ecfp4": [0, 0.2], "n_actives": 900, "error": 0.004, "curve": [[0.1, 0.2, 50]]}]
    write_page(hits_of(), QUERIES, path, {"trust": {"held": {"tiers": tiers}}})
    reader = read(path)
    assert reader.count("details", "trust") == 1
    assert reader.count("circle") == 5  # four hits and one bin
    assert "ECFP4 below 0.2: error 0.004 (900 actives)" in "".join(reader.text)
    write_page(hits_of(), QUERIES, path, {"trust": {"held": None}})
    assert read(path).count("details", "trust") == 0

"""Picks of a table: rules, lists, controls, and what they cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

import molsearch as ms
from molsearch.errors import InputError, UsageError
from molsearch.picks.config import PickConfig
from molsearch.picks.pick import pick
from molsearch.picks.table import table_of
from molsearch.picks.wells import Control

ROLES = ("query", "inactive")
SMILES = [
    *(f"{'C' * n}c1ccc({group})cc1" for n in range(1, 6) for group in ("O", "N", "Cl", "C(=O)O")),
    *(f"O=C(N{'C' * n})c1ccncc1" for n in range(1, 8)),
    *("CC(=O)Oc1ccccc1C(=O)O", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "C1CCCCC1", "CCO", "NCC(=O)O"),
]


@pytest.fixture(scope="module")
def hits() -> pd.DataFrame:
    n = len(SMILES)
    return pd.DataFrame(
        {
            "molecule_id": [f"{place:03d}" for place in range(n)],
            "smiles": SMILES,
            "score": np.linspace(2, 0.5, n),
            "ecfp4_similarity": np.linspace(0.9, 0.1, n),
            "is_query": [place == 0 for place in range(n)],
            "price": [f"$ {10 + place % 4}" for place in range(n)],
            "=cmd": ["=1+1"] * n,
        }
    )


def _ids(picks) -> list[str]:
    return picks.frame["molecule_id"].tolist()


def test_the_query_is_no_pick(hits) -> None:
    picks = pick(table_of(hits), PickConfig(n=5, method="score"))
    assert _ids(picks) == ["001", "002", "003", "004", "005"]
    assert picks.frame["well"].tolist() == ["A01", "A02", "A03", "A04", "A05"]
    kept = pick(table_of(hits), PickConfig(n=1, method="score", keep_query=True))
    assert _ids(kept) == ["000"]


def test_the_order_of_rows_changes_nothing(hits) -> None:
    config = PickConfig(n=8, per_scaffold=2)
    mixed = hits.sample(frac=1, random_state=3)
    assert _ids(pick(table_of(hits), config)) == _ids(pick(table_of(mixed), config))


def test_lists_of_what_must_and_must_not_be(hits, tmp_path) -> None:
    earlier = tmp_path / "earlier.csv"
    earlier.write_text("plate,molecule_id\n1,001\n1,002\n1,elsewhere\n")
    config = PickConfig(
        n=4, method="score", must_have=("030", "smarts:[#7]c1ccncc1", "O=C(N)c1ccncc1"),
        must_not=(str(earlier), "c1ccccc1N"),
    )  # fmt: skip
    with pytest.raises(UsageError, match="no hit that may be picked contains"):
        pick(table_of(hits), config)
    config = config.model_copy(update={"must_have": ("030", "O=C(N)c1ccncc1")})
    picks = pick(table_of(hits), config)
    assert _ids(picks)[:2] == ["030", "020"]
    assert picks.frame["why"].tolist()[:2] == ["must-have", "must-have SMARTS"]
    assert not {"001", "002"} & set(_ids(picks))
    assert picks.account.unknown_ids == 1


def test_what_diversity_costs_is_the_difference_of_the_means(hits) -> None:
    picks = pick(table_of(hits), PickConfig(n=6, max_similarity=0.4))
    chosen = hits.set_index("molecule_id").loc[_ids(picks), "score"]
    assert picks.account.cost == pytest.approx(hits["score"][1:7].mean() - chosen.mean())
    assert picks.account.cost > 0
    assert picks.frame["pick_similarity"].max() <= 0.4
    lower = pick(
        table_of(hits.assign(score=-hits["score"])),
        PickConfig(n=6, max_similarity=0.4, lower_is_better=True),
    )
    assert _ids(lower) == _ids(picks)
    assert lower.account.cost == pytest.approx(picks.account.cost)


def test_a_share_is_novel(hits) -> None:
    picks = pick(table_of(hits), PickConfig(n=10, method="score", novel=0.5))
    similar = picks.frame["ecfp4_similarity"]
    assert (similar < 0.35).sum() == 5
    assert picks.account.picks.n_novel == 5


def test_a_budget_is_kept_where_something_dear_must_be_picked(hits) -> None:
    config = PickConfig(n=6, budget=64.0, must_have=("003",))
    picks = pick(table_of(hits), config)
    assert picks.frame["pick_price"].sum() <= 64.0
    assert picks.account.picks.price == pytest.approx(picks.frame["pick_price"].sum())
    with pytest.raises(UsageError, match="cheapest cost"):
        pick(table_of(hits), PickConfig(n=6, budget=59.0))
    with pytest.raises(UsageError, match="must be picked"):
        pick(table_of(hits), PickConfig(n=1, budget=5.0, must_have=("003",)))


def test_hits_without_a_price_are_counted_apart_from_those_too_dear(hits) -> None:
    prices = ["POA", "", "-5", None, *["$ 10"] * (len(hits) - 4)]
    some = table_of(hits.assign(price=prices, is_query=False).head(9))
    picks = pick(some, PickConfig(n=4, budget=60.0))
    assert picks.account.left_out == {"without a price": 4}
    assert "left out: without a price 4" in picks.words[0]
    with pytest.raises(UsageError, match=r"without a price: 4; leave --budget out, .* pass -n 5"):
        pick(some, PickConfig(n=9, budget=100_000.0))
    # What must be there is there at any price, and none is asked for without a budget.
    assert "000" in _ids(pick(some, PickConfig(n=4, budget=60.0, must_have=("000",))))
    assert pick(some, PickConfig(n=9)).account.left_out == {}


def test_prices_of_nothing_are_told(hits) -> None:
    free = hits.assign(price=["0", "0.00", *["12.50"] * (len(hits) - 2)], is_query=False)
    words = pick(table_of(free), PickConfig(n=3, method="score", budget=60.0)).words
    assert "2 picks cost 0 by 'price': check whether they are free" in words
    assert not any("cost 0" in line for line in pick(table_of(hits), PickConfig(n=3)).words)


def test_floats_of_a_frame_are_written_in_full_but_molsearchs_own_rounded(hits, tmp_path) -> None:
    of_screen = hits.assign(
        score=hits["score"] + 1e-9, rank=range(len(hits)), nearest_query="q", number=12345.6789
    ).drop(columns="price")
    path = tmp_path / "plate.csv"
    ms.pick(of_screen, 2, method="score", plate=None).write(path)
    plate = pd.read_csv(path, dtype="str")
    assert plate["number"].tolist() == ["12345.6789"] * 2
    assert plate["score"].str.len().max() <= len("1.90323")
    assert len(plate["pick_similarity"][0]) <= len("0.1234")
    ms.pick(of_screen.drop(columns="rank"), 2, method="score").write(path, overwrite=True)
    assert pd.read_csv(path)["score"].tolist() == of_screen["score"].tolist()[1:3]


def test_a_price_that_is_text_is_a_number_beside_it_in_full(hits, tmp_path) -> None:
    dear = hits.assign(price="$ 1,234,567.89")
    path = tmp_path / "plate.csv"
    picks = ms.pick(dear, 2)
    picks.write(path)
    assert pd.read_csv(path, dtype="str")["pick_price"].tolist() == ["1234567.89"] * 2
    assert picks.frame["pick_price"].tolist() == [1234567.89] * 2


def _controls(n: int, role: Any) -> list[Control]:
    return [Control(f"{role}{place}", "C" * (20 + place), "x", role) for place in range(n)]


def test_controls_take_turns_from_plate_to_plate(hits) -> None:
    many = table_of(hits.assign(is_query=False))
    config = PickConfig(n=20, plates=4, leave_empty=("2,3,4,5,6,7,8,9,10,11,12",), control_wells=1)
    picks = pick(many, config, [*_controls(2, "query"), *_controls(3, "inactive")])
    frame = picks.frame
    assert frame["plate"].max() == 4
    turns = {role: frame.loc[frame["role"] == role, "molecule_id"].tolist() for role in ROLES}
    assert turns == {
        "query": ["query0", "query1", "query0", "query1"],
        "inactive": ["inactive0", "inactive1", "inactive2", "inactive0"],
    }
    assert not any("no well" in line for line in picks.words)
    told = pick(many, config.model_copy(update={"n": 12}), _controls(5, "query")).words
    assert "3 of 5 controls have no well: --control-wells 3 gives each one" in told


def test_wells_for_controls_that_nobody_gives_are_refused(hits) -> None:
    with pytest.raises(UsageError, match=r"--control-wells 5, but there are no controls: .*--pos"):
        pick(table_of(hits), PickConfig(n=5, control_wells=5))
    assert len(pick(table_of(hits), PickConfig(n=5, control_wells=0)).frame) == 5


def test_facts_that_the_list_lacks_are_computed(hits) -> None:
    picks = pick(table_of(hits), PickConfig(n=3, method="score", where=("mw<110",), facts=("mw",)))
    assert (picks.frame["mw"] < 110).all()
    assert picks.account.left_out["--where mw<110"] > 0


def test_repeats_of_a_parent_are_picked_once(hits) -> None:
    salts = hits.head(4).assign(smiles=["CC(=O)[O-].[Na+]", "CC(=O)O", "CCO", "OCC"])
    picks = pick(table_of(salts.assign(is_query=False)), PickConfig(n=2, method="score"))
    assert _ids(picks) == ["000", "002"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 97}, "pass --plate 384, --plates 2, --plate none for a list, or -n 96"),
        ({"n": 500}, "pass --plates 6, --plate none for a list, or -n 96"),
        ({"n": 370, "leave_empty": ("1",)}, "pass --plates 5, or -n 88"),
        ({"n": 700}, "700 picks of 640 hits: make a longer hit list, or -n 96"),
    ],
)
def test_only_what_holds_the_picks_is_suggested(hits, options, words) -> None:
    many = table_of(pd.concat([hits] * 20, ignore_index=True))
    with pytest.raises(UsageError, match=words):
        pick(many, PickConfig(**options))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 200, "plate": None}, "200 picks of 32 hits"),
        ({"n": 32}, "only 31 of 32"),
        ({"n": 97}, "97 picks of 32 hits: make a longer hit list, or -n 32"),
        ({"n": 5, "where": ("foo<1",)}, "no column 'foo'"),
        ({"n": 5, "where": ("price<1",)}, "holds no numbers"),
        ({"n": 5, "by": "foo"}, "no column 'foo'"),
        ({"n": 5, "must_have": ("q?",)}, "no id of the hit list"),
        ({"n": 5, "must_have": ("id:zzz",)}, "not in the hit list"),
        ({"n": 5, "must_have": ("003",), "must_not": ("003",)}, "choose one"),
        ({"n": 2, "must_have": ("001", "002", "003")}, "more than 2 picks"),
        ({"n": 25, "max_similarity": 0.3}, "--max-similarity 0."),
        ({"n": 5, "price_column": "cost"}, "--price-column"),
        ({"n": 5, "novel": 1.0, "novel_below": 0.01}, "refused --novel"),
        ({"plate": None}, "say how many"),
    ],
)
def test_bad_wishes_are_one_line(hits, options, words) -> None:
    with pytest.raises(UsageError, match=words.replace("?", r"\?")) as refused:
        pick(table_of(hits), PickConfig(**options))
    assert "\n" not in str(refused.value)


def test_the_similarity_that_a_refusal_names_suffices(hits) -> None:
    with pytest.raises(UsageError) as refused:
        pick(table_of(hits), PickConfig(n=20, max_similarity=0.3))
    named = float(str(refused.value).split("--max-similarity ")[-1].split()[0])
    assert len(pick(table_of(hits), PickConfig(n=20, max_similarity=named)).frame) == 20


def test_scores_that_are_no_numbers_are_refused(hits) -> None:
    with pytest.raises(InputError, match="1 of 32 hits have no number in column 'score'"):
        pick(table_of(hits.assign(score=[*hits["score"][:-1], np.nan])), PickConfig(n=5))


def test_the_interface_writes_a_workbook_with_numbers_and_drawings(hits, tmp_path) -> None:
    picks = ms.pick(
        hits, 6, positive=["CC(=O)Oc1ccccc1C(=O)O aspirin"], negative="CCCC butane", leave_empty="1"
    )
    assert picks.frame["role"].tolist() == ["pick"] * 6 + ["inactive", "query"]
    assert picks.frame["well"].tolist()[-2:] == ["G12", "H12"]
    assert "027" not in picks.frame["molecule_id"].tolist()  # the same molecule as the control
    path = tmp_path / "plate.xlsx"
    picks.write(path)
    book = openpyxl.load_workbook(path)
    sheet = book["picks"]
    head = [cell.value for cell in sheet[1]]
    first = dict(zip(head, sheet[2], strict=True))
    assert first["score"].data_type == "n"
    assert first["molecule_id"].data_type == "s"
    assert first["=cmd"].data_type == "s"
    assert first["=cmd"].value == "=1+1"
    assert first["is_query"].data_type == "b"
    assert len(sheet._images) == 8
    assert book["plate 1"]["B2"].value is None
    assert book["plate 1"]["C2"].value == picks.frame["molecule_id"][0]
    with pytest.raises(UsageError, match="exists"):
        picks.write(path)
    other = tmp_path / "again.xlsx"
    picks.write(other)
    assert other.read_bytes() == path.read_bytes()


def test_a_list_of_an_earlier_version_is_picked_by_what_ranked_it(hits) -> None:
    lowered = hits.assign(inactive_score=0.5, penalised_score=-hits["score"])
    chosen = pick(table_of(lowered), PickConfig(n=3, method="score"))
    assert _ids(chosen) == hits["molecule_id"].iloc[:-4:-1].tolist()
    # A list of today whose library was made of such a list ranks by its own score.
    for name in ("similarity_score", "score_input"):
        chosen = pick(table_of(lowered.assign(**{name: 0.1})), PickConfig(n=3, method="score"))
        assert _ids(chosen)[0] != hits["molecule_id"].iloc[-1]

"""Public benchmarks: here or not, and how long they take."""

from __future__ import annotations

import pandas as pd
import pytest

from molsearch.bench.benchmarks.at_hand import TITLES, at_hand, seconds


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_DATA", str(tmp_path))
    (tmp_path / "muv").mkdir()
    for aid, n in (("466", 3), ("548", 5)):
        (tmp_path / "muv" / f"{aid}_actives.smi").write_text("CCO a\nCCN b\n")
        (tmp_path / "muv" / f"{aid}_decoys.smi").write_text("CCC\n" * n)
    (tmp_path / "muv" / "600_actives.smi").write_text("CCO a\n")  # without decoys
    return tmp_path


def test_what_is_here_is_counted_and_what_is_not_says_why(data):
    found = {name: at_hand(name) for name in TITLES}
    assert [name for name, one in found.items() if not one.absent] == ["muv"]
    assert found["muv"].targets == ["466", "548"]
    assert found["muv"].counts["inactives"].tolist() == [3, 5]
    for name in ("dude", "litpcba", "dekois"):
        assert found[name].targets == []
        assert f"{name}.md" in found[name].absent
        assert "\n" not in found[name].absent


def test_without_a_folder_nothing_is_here(monkeypatch):
    monkeypatch.delenv("MOLSEARCH_DATA", raising=False)
    assert "MOLSEARCH_DATA" in at_hand("muv").absent


def test_the_estimate_grows_with_molecules_and_methods_and_shrinks_with_limits():
    counts = pd.DataFrame({"target": ["a", "b"], "actives": [100, 10], "inactives": [9000, 500]})
    alone = seconds(counts, ["ecfp4"])
    assert alone == pytest.approx(2 * seconds(counts, ["ecfp4"], workers=2))
    assert seconds(counts, ["ecfp4", "random"]) == alone
    more = seconds(counts, ["ecfp4", "molsearch"])
    assert alone < more < seconds(counts, ["ecfp4", "usrcat"])
    # One encoder embeds once, whatever the number of methods that look at it.
    assert seconds(counts, ["molsearch", "balanced"]) == more
    drawn = seconds(counts, ["ecfp4"], limit_actives=40, limit_decoys=2000)
    assert drawn / alone == pytest.approx((40 + 10 + 2000 + 500) / (110 + 9500))

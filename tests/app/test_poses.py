from __future__ import annotations

import pytest
from app_runs import finished_run

from molsearch_app.components import poses


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (89, "89 s"), (91, "2 minutes"), (3000, "50 minutes"), (9000, "2.5 hours")],
)
def test_times_are_told_as_coarsely_as_they_are_known(seconds, words):
    assert poses.duration(seconds) == words


def test_the_page_says_how_many_hits_get_poses_and_how_to_have_more():
    said = poses.told(100, 1000, 50.0)
    assert said.startswith("The first 100 of 1,000 hits")
    assert "about 50 s" in said
    assert "raise the number" in said
    assert "raise" not in poses.told(5, 5, 2.0)


def test_poses_are_made_for_as_many_hits_as_asked(page, runs):
    at = page("results", run=finished_run(runs))
    at.number_input(key="pose-count").set_value(2).run()
    next(one for one in at.button if one.key == "pose-go").click().run()
    assert not at.exception
    _, made = at.session_state[poses.MADE]
    names = [block.splitlines()[0] for block in made.decode().split("$$$$\n") if block]
    assert names[1:] == ["gefitinib", "<script>alert(1)</script>"]  # the query comes first
    assert "sdf, 2 aligned poses" in [one.proto.label for one in at.get("download_button")]


def test_a_number_chosen_for_a_longer_list_does_not_break_a_shorter_one(page, runs):
    at = page("results", run=finished_run(runs))
    at.number_input(key="pose-count").set_value(5).run()
    at.text_input(key="filter-smarts").set_value("ncn").run()
    assert not at.exception
    assert at.number_input(key="pose-count").value == 2
    at.text_input(key="filter-text").set_value("cmd").run()
    assert not at.exception

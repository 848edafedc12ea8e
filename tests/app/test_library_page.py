"""The Libraries page."""

from __future__ import annotations

from app_pages import button, said
from fakes import FakeEncoder, molecule, prepared_set

from molsearch.index.writer import build_index
from molsearch_app import jobs


def test_libraries_when_there_is_none(page):
    assert "No library yet" in said(page("library"))


def test_libraries_show_counts_chemistry_and_failures(page, index):
    at = page("library")
    assert at.dataframe[0].value["Molecules"].tolist() == [54]
    assert at.dataframe[1].value["Records"].tolist() == [6]
    assert "54 of 60 records" in said(at)


def test_libraries_tell_of_repeated_ids(page, index, tmp_path):
    assert not page("library").info
    twins = [molecule(1, molecule_id="<b>x"), molecule(2, molecule_id="<b>x"), molecule(3)]
    build_index(prepared_set(tmp_path / "twins", twins), FakeEncoder(), index, overwrite=True)
    told = page("library").info[0].value
    assert told.startswith("1 id occurs more than once")
    assert "\\<b\\>x" in told


def test_a_damaged_index_is_named_and_the_page_goes_on(page, index):
    (index / "manifest.json").write_text("{")
    at = page("library")
    assert "damaged" in at.error[0].value


def test_verify_is_a_job(page, index, started):
    at = page("library")
    button(at, "verify").click().run()
    (job,) = jobs.recent("verify")
    assert job.steps[0].request == {"verb": "verify", "version": 1, "path": str(index.resolve())}

from __future__ import annotations

from types import SimpleNamespace

import pytest
import streamlit
import streamlit.runtime.scriptrunner as running
from app_runs import finished_run

from molsearch_app import access, jobs, places
from molsearch_app.headers import OWNER


@pytest.fixture
def browser(monkeypatch):
    """Set the headers with which a browser has asked for the page."""
    monkeypatch.delenv(access.USER_HEADER, raising=False)
    monkeypatch.setattr(running, "get_script_run_ctx", lambda **_: object())

    def asking(**headers):
        context = SimpleNamespace(headers=headers)
        monkeypatch.setattr(streamlit, "context", context)
        monkeypatch.setattr(access.st, "context", context)
        monkeypatch.setattr(access.st, "session_state", {})

    return asking


def cookie(number):
    return f"theme=dark; {OWNER}={number * 32}; x=y"


def test_a_browser_finds_its_runs_again_and_no_others(browser, runs, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "1")
    job, other = (jobs.attach(finished_run(runs)) for _ in range(2))
    browser(cookie=cookie("a"))
    access.claim(job)
    assert access.is_mine(job.folder)
    browser(cookie=cookie("a"))  # the page was loaded anew: nothing is left of its session
    assert access.is_mine(job.folder)
    assert not access.is_mine(other.folder)
    browser(cookie=cookie("b"))
    assert not access.is_mine(job.folder)
    for headers in ({}, {"cookie": f"{OWNER}=../../x"}):
        browser(**headers)
        assert access.owner() == ""
        assert not access.is_mine(job.folder)
    assert "a" * 32 not in (job.folder / "owner").read_text()  # no key to another's runs


def test_a_proxy_may_name_the_user(browser, runs, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "1")
    monkeypatch.setenv(access.USER_HEADER, "X-Remote-User")
    job = jobs.attach(finished_run(runs))
    browser(**{"X-Remote-User": "anna", "cookie": cookie("a")})
    access.claim(job)
    browser(**{"X-Remote-User": "anna", "cookie": cookie("b")})  # at another machine
    assert access.is_mine(job.folder)
    browser(**{"X-Remote-User": "ben", "cookie": cookie("a")})
    assert not access.is_mine(job.folder)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-Ip"])
def test_behind_a_proxy_on_this_machine_nobody_sees_all_runs(browser, runs, name, monkeypatch):
    job = jobs.attach(finished_run(runs))
    browser()
    assert not places.is_shared()
    assert access.is_mine(job.folder)
    browser(**{name: "10.0.0.7"})
    assert places.is_shared()
    assert not access.is_mine(job.folder)
    monkeypatch.setenv("MOLSEARCH_APP_SHARED", "0")
    assert access.is_mine(job.folder)

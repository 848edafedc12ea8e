"""Whose runs a session may see: everybody's, or on a server that several people use its own."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import streamlit as st

from molsearch.io.atomic import write_text
from molsearch_app import places
from molsearch_app.headers import token
from molsearch_app.jobs import AppRun

USER_HEADER = "MOLSEARCH_APP_USER_HEADER"
_OWNER = "owner"


def owner() -> str:
    """Name who asks, in a form that gives nothing away; empty where that is not known.

    A proxy that asks for passwords may name the user in a header, whose name the variable
    `USER_HEADER` holds. Without one the browser is told by its cookie.
    """
    header = os.environ.get(USER_HEADER, "")
    headers = st.context.headers
    named = headers.get(header, "") if header else token(headers.get("cookie", ""))
    return sha256(f"{header}\n{named}".encode()).hexdigest()[:32] if named else ""


def claim(job: AppRun) -> None:
    """Note that a run was started by who asks."""
    st.session_state.setdefault("own", []).append(job.run_id)
    who = owner()
    if who:
        write_text(job.file(_OWNER), who)


def is_mine(run: Path) -> bool:
    """Say whether a session may see the folder of a run in its lists.

    Who knows the address of a run is let in all the same: that is how runs are shown to others.
    """
    if not places.is_shared() or run.name in st.session_state.get("own", []):
        return True
    who = owner()
    try:
        return bool(who) and (run / _OWNER).read_text() == who
    except (OSError, ValueError):
        return False

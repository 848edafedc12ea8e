"""A hit list in JSON's types."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from molsearch.server.screens import listed


def test_what_is_not_known_is_null_whatever_its_column_is_made_of():
    frame = pd.DataFrame(
        {
            "rank": np.array([1, 2], np.int64),
            "rings": pd.array([3, None], "Int64"),
            "score": [0.5, np.nan],
            "is_query": [True, False],
            "batch": pd.array([None, "7"], "str"),
        }
    )
    text = listed("lib", frame, ("careful",)).model_dump_json()
    assert json.loads(text) == {
        "library": "lib",
        "n_hits": 2,
        "warnings": ["careful"],
        "hits": [
            {"rank": 1, "rings": 3, "score": 0.5, "is_query": True, "batch": None},
            {"rank": 2, "rings": None, "score": None, "is_query": False, "batch": "7"},
        ],
    }
    assert '"is_query":true' in text
    assert frame["rings"].isna().tolist() == [False, True]  # the list itself stays as it was


def test_an_empty_list_is_one():
    found = listed("lib", pd.DataFrame({"rank": np.array([], np.int64)}), ())
    assert found.n_hits == 0
    assert found.hits == ()

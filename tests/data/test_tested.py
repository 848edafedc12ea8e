from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.data.tested import read_tested, without_unit
from molsearch.errors import InputError


def rows(**columns):
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def states(table, n, least=6.0, groups=None):
    return table.states(groups or [str(i) for i in range(n)], least).tolist()


@pytest.mark.parametrize(
    ("columns", "name", "due"),
    [
        ({"pIC50": ["7.2", "5.5", "4.9", ""]}, "pIC50", [1, 0, -1, 0]),
        ({"pChEMBL Value": ["6", ">6.5", "<5", ">5"]}, "pChEMBL Value", [1, 1, -1, 0]),
        ({"IC50 (nM)": ["10", ">10000", "5,000", "n.d."]}, "IC50 (nM)", [1, -1, 0, 0]),
        ({"ic50_um": ["0.01", "> 100", "<1", "2"]}, "ic50_um", [1, -1, 1, 0]),
        ({"Ki [µM]": ["1", "20", "0.5", ""]}, "Ki [µM]", [1, -1, 1, 0]),
        ({"IC50": ["5", "90000", "", "1e6"], "units": ["nM"] * 4}, "IC50", [1, -1, 0, -1]),
        ({"IC50": ["5", "90000", "", "1e6"], "Einheit": ["nM", "nM", "", "nM"]}, "IC50",
         [1, -1, 0, -1]),
        ({"Dose": ["µM"] * 4, "Ki": ["5", "90", "7", "0.5"], "Mass": ["nM"] * 4}, "Ki",
         [1, 1, 1, 1]),
        ({"IC50": ["5 nM", "90000 nM", ">1e6nM", "-"]}, "IC50", [1, -1, -1, 0]),
        ({"IC50": ["12 nM", "0.1 µM", ">30 uM", "n.d."]}, "IC50", [1, 1, -1, 0]),
        ({"IC50": ["12 nM", "≤100 pM", "≥0.5 mM", "3uM"]}, "IC50", [1, 1, -1, 0]),
        ({"IC50 (nM)": ["12 nM", "0.5 µM", "50", ">0.1 mM"]}, "IC50 (nM)", [1, 1, 1, -1]),
        ({"ic50_um": ["0.5", "20 nM", "5000nM", "20"]}, "ic50_um", [1, 1, 0, -1]),
        ({"pIC50": ["7,2", "5,5", "4,9", "≥6,1"]}, "pIC50", [1, 0, -1, 1]),
        ({"IC50 (nM)": ["10", "Not Active", "inactive", "n.d."]}, "IC50 (nM)", [1, -1, -1, 0]),
        ({"IC50 (µM)": ["0,35", "12,5", "0,234", "≤0,1"]}, "IC50 (µM)", [1, -1, 1, 1]),
        # What a comma means is a matter of the column.
        ({"IC50 (µM)": ["0,033", "1,250", ">12,5", "0,9"]}, "IC50 (µM)", [1, 0, -1, 1]),
        ({"IC50 (µM)": ["0.033", "1,250", ">12.5", "0.9"]}, "IC50 (µM)", [1, -1, -1, 1]),
        ({"Activity": ["Active", "inactive", "inconclusive", ""]}, "Activity", [1, -1, 0, 0]),
        ({"Activity Outcome": ["Active", "Probe", "Inactive", "Unspecified"]}, "Activity Outcome",
         [1, 1, -1, 0]),
        ({"active": ["yes", "no", "maybe", "TRUE"]}, "active", [1, -1, 0, 1]),
        ({"active": ["1", "0", "maybe", "0"]}, "active", [1, -1, 0, -1]),
        ({"is_active": ["1", "0", "0", "1"]}, "is_active", [1, -1, -1, 1]),
        ({"vendor": list("abcd"), "class": ["active", "inactive"] * 2}, "class", [1, -1, 1, -1]),
        # A logarithm is taken before a label, and a label before nothing.
        ({"active": ["1"] * 4, "pKd": ["9", "9", "1", "1"]}, "pKd", [1, 1, -1, -1]),
    ],
)  # fmt: skip
def test_activity_columns_are_found_by_name_and_read(columns, name, due):
    table = read_tested(rows(**columns))
    assert table is not None
    assert table.column == name
    assert states(table, 4) == due


@pytest.mark.parametrize(
    "columns",
    [
        {"price": ["1", "2"], "mw": ["300", "400"]},
        {"class": ["kinase", "gpcr"]},
        {"class": ["A", "B"]},
        {"label": ["0", "1", "2"]},
        {"active": ["yes", "perhaps", "maybe", "partly"]},
        {"active": ["no", "no", "no", "maybe"]},
        {"activity": ["12.5", "80"]},  # per cent, most likely
        {"pIC50": ["", "n.d."]},
        {"label": ["", ""]},
        {"p-value": ["0.01", "0.2"]},
        {"IC50": ["12", "5000"]},
        {"IC50": ["12", "5000"], "Ratio": ["1", "2"], "Ratio unit": ["nM", "nM"]},
        {},
    ],
)
def test_other_columns_are_no_activity(columns):
    assert read_tested(rows(**columns)) is None


def test_a_concentration_without_unit_is_named():
    assert without_unit(rows(id=["a"], IC50=["12"])) == ("IC50", None)
    assert without_unit(rows(IC50=["12", "3"], Einheit=["nM", "%"])) == ("IC50", "Einheit")
    assert without_unit(rows(IC50=["12", "3"], sex=["M", "M"])) == ("IC50", None)
    assert without_unit(rows(IC50=["12"], units=["nM"])) is None
    assert without_unit(rows(pIC50=["7"])) is None


@pytest.mark.parametrize(
    ("columns", "column", "words"),
    [
        ({"IC50": ["5", "3"], "units": ["nM", "uM"]}, None, r"mixes units \(nm in 1, um in 1, by"),
        ({"IC50": ["5 nM", "3 uM", "20"]}, None, r"\(nm in 1, um in 1; '20' in none of them\)"),
        ({"IC50": ["5 nM", "3 uM", "2 ug/mL"]}, None, "'2 ug/mL' in none of them"),
        ({"% inhibition": ["95", "4"]}, "% inhibition", "is no activity"),
        ({"% inhibition": ["5", "4"]}, "% inhibition", "is no activity"),
        ({"IC50": ["5", "3"], "unit": ["%", "%"]}, None, "no molar concentration"),
        ({"pIC50": ["5", "250"]}, None, "250, which is no -log10"),
        ({"a": ["5"]}, "b", "no column 'b' for the activity: the file has a"),
        (
            {"IC50 (nM)": ["0,5", "1,234,567"]},
            None,
            r"before decimals in 0,5 and none in 1,234,567",
        ),
        ({"IC50 (nM)": ["0,5", "1,234", "2.5"]}, None, r"before decimals in 0,5 and none in 2\.5"),
        ({"a": ["x"]}, "a", "is no activity"),
        ({"a": ["yes", "odd", "odd", "so"]}, "a", r"is meant by 'odd' \(2\); 'so' \(1\)"),
    ],
)
def test_what_cannot_be_read_is_refused(columns, column, words):
    with pytest.raises(InputError, match=words):
        read_tested(rows(**columns), column)


def test_a_named_column_may_be_called_anything():
    assert states(read_tested(rows(affinity=["7", "4"]), "affinity"), 2) == [1, -1]
    assert states(read_tested(rows(hit=["yes", "no"]), "hit"), 2) == [1, -1]
    assert read_tested(rows(pIC50=["7", "4"]), "none") is None


def test_chembl_exports_bound_what_their_logarithm_leaves_empty():
    table = read_tested(
        rows(**{
            "pChEMBL Value": ["8.1", "", "", ""],
            "Standard Relation": ["'='", "'>'", "'='", "'='"],
            "Standard Value": ["8", "30000", "55", "2"],
            "Standard Units": ["nM", "nM", "%", "uM"],
        })
    )  # fmt: skip
    assert states(table, 4) == [1, -1, 0, 0]


@pytest.mark.parametrize(
    ("columns", "relation", "due"),
    [
        ({"Standard Relation": ["=", ">", "<", ">"], "Standard Value": ["12", "10000", "1", "10"],
          "Standard Units": ["nM"] * 4}, "Standard Relation", [1, -1, 1, 0]),
        ({"Qualifier": ["=", "'>'", ">", ""], "IC50 (nM)": ["10", "100", "10000", "<1"]},
         "Qualifier", [1, 0, -1, 1]),
        ({"relation": ["=", "<", ">", "<"], "pIC50": ["7", "8", "5", "4.5"]}, "relation",
         [1, 0, 0, -1]),
        # What has a sign of its own keeps it.
        ({"relation": ["=", "=", "<", ">"], "pIC50": ["7", "<4", ">6.5", ""]}, "relation",
         [1, -1, 1, 0]),
        ({"IC50": ["1", "10", "9", "3"], "IC50 relation": ["=", ">=", "<", ">"],
          "unit": ["uM"] * 4}, "IC50 relation", [1, -1, 0, 0]),
        ({"IC50": ["1 nM", "10 nM", "90000 nM", "9 nM"], "operator": ["<", "≥", ">", "="]},
         "operator", [1, 0, -1, 1]),
        # Nothing but signs, in front of the values.
        ({"Zeichen": [">", "=", "", "<"], "IC50 (µM)": ["50", "50", "0.5", "0.1"]}, "Zeichen",
         [-1, -1, 1, 1]),
        # The signs of a concentration are the opposite of its logarithm's.
        ({"relation": ["=", ">", "<", ">"], "IC50 (nM)": ["100", "10000", "10", "10"],
          "pIC50": ["7", "5", "8", "8"]}, "relation", [1, -1, 1, 0]),
        ({"Standard Relation": ["'='", "'>'", "'<'", "'>'"], "pChEMBL Value": ["7", "4", "8", "8"]},
         "Standard Relation", [1, -1, 1, 0]),
        # A person, and the signs of another activity.
        ({"operator": ["Ann", "Bob", "Ann", "Bob"], "pIC50": ["7", "4", "8", "5"]}, "",
         [1, -1, 1, 0]),
        ({"pIC50": ["7", "4", "8", "5"], "hERG relation": ["<"] * 4}, "", [1, -1, 1, 0]),
    ],
)  # fmt: skip
def test_signs_in_a_column_of_their_own_bound_the_values(columns, relation, due):
    table = read_tested(rows(**columns))
    assert table.relation == relation
    assert states(table, 4) == due


def test_repeated_molecules_count_once_by_what_was_measured():
    table = read_tested(rows(pIC50=["7", "5.2", "6.4", "<4", "8", "4.1"]))
    found = states(table, 6, groups=["a", "a", "a", "b", "b", "c"])
    assert found == [1, 1, 1, 1, 1, -1]
    labels = read_tested(rows(active=["1", "0", "1", "1", "0"]))
    assert states(labels, 5, groups=["a", "a", "a", "b", "b"]) == [1, 1, 1, 0, 0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 12).map(lambda x: round(x, 2)), min_size=1, max_size=20),
    st.floats(3, 9),
)
def test_logarithms_and_concentrations_say_the_same(values, least):
    plain = read_tested(rows(pIC50=[str(v) for v in values]))
    nanomolar = read_tested(rows(**{"IC50 nM": [repr(10 ** (9 - v)) for v in values]}))
    np.testing.assert_allclose(plain.values, nanomolar.values, atol=1e-9)
    for v, state in zip(values, states(plain, len(values), least), strict=True):
        assert state == (1 if v >= least else -1 if v < least - 1 else 0)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "IC50",
                "pIC50",
                "Ki (nM)",
                "units",
                "active",
                "Standard Value",
                "x",
                "relation",
                "Data Validity Comment",
            ]
        ),
        st.lists(st.text(alphabet="0159.,<>=~-+enµMm% NaNact", max_size=8), min_size=3, max_size=3),
    ),
    st.sampled_from([None, "none", "pIC50", "x"]),
)
def test_any_table_is_read_or_refused_in_one_line(columns, column):
    said = []
    try:
        table = read_tested(rows(**columns), column)
    except InputError as error:
        said = str(error).splitlines()
        table = None
    assert len(said) <= 1
    if table is not None:
        assert set(states(table, 3)) <= {-1, 0, 1}


def test_not_active_in_a_download_is_an_inactive_and_a_value_speaks_before_it():
    table = read_tested(
        rows(
            **{
                "pChEMBL Value": ["7.5", "", "", ""],
                "Standard Value": ["30", "", "20", ""],
                "Standard Units": ["nM", "", "%", ""],
                "Standard Relation": ["'='", "", "'='", ""],
                "Comment": ["Not Active", "Not Active", "Not Active", "Not Determined"],
            }
        )
    )
    assert states(table, 4) == [1, -1, -1, 0]
    # However low an active may be.
    assert states(table, 4, least=1.0) == [1, -1, -1, 0]
    assert not table.is_labels


def test_what_its_source_doubts_is_no_value():
    said = ["", "Outside typical range", "Manually validated", "Potential transcription error"]
    table = read_tested(rows(**{"pIC50": ["7", "9", "4", ""], "Data Validity Comment": said}))
    assert states(table, 4) == [1, 0, -1, 0]
    assert table.flags == ("Data Validity Comment", 1)
    labels = read_tested(rows(active=list("1100"), data_validity_comment=said))
    assert states(labels, 4) == [1, 0, -1, 0]
    assert labels.flags == ("data_validity_comment", 2)


def test_molecules_whose_repeats_disagree_are_counted():
    table = read_tested(rows(pIC50=["7.2", "4.1", "6", "7", "8", "<4"]))
    assert table.disagreeing(["a", "a", "b", "b", "c", "c"]) == 1
    labels = read_tested(rows(active=["1", "0", "1", "1"]))
    assert labels.disagreeing(["a", "a", "b", "b"]) == 1

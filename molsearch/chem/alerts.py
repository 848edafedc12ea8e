"""Structural alerts: PAINS (A, B, C) and Brenk, from RDKit's filter catalogues."""

from __future__ import annotations

from functools import cache
from typing import Any

from rdkit import Chem
from rdkit.Chem import FilterCatalog

_CATALOGUES = ("PAINS_A", "PAINS_B", "PAINS_C", "BRENK")


@cache
def _catalogue() -> Any:
    parameters = FilterCatalog.FilterCatalogParams()
    for name in _CATALOGUES:
        parameters.AddCatalog(getattr(parameters.FilterCatalogs, name))
    return FilterCatalog.FilterCatalog(parameters)


def _name(entry: Any) -> str:
    family = entry.GetProp("FilterSet").split("_")[0].upper()
    return f"{family}:{entry.GetDescription()}"


def alerts(mol: Chem.Mol) -> str:
    """Names of the alerts in a molecule, ``"PAINS:a; BRENK:b"``, in catalogue order."""
    return "; ".join(_name(entry) for entry in _catalogue().GetMatches(mol))

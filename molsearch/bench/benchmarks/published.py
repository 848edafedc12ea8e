"""Figures others have published, kept apart from ours: other queries, pools and protocols."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """One published row.

    Attributes
    ----------
    method
        As its authors call it.
    auroc, bedroc, ef1
        In the text's own units brought to 0–1 (AUROC, BEDROC at α 80.5) and folds; empty where
        not stated.
    kind
        ``ligand`` (query ligands, as here), ``pocket`` (protein structure) or ``docking``.
    source
        Where the figure stands.
    protocol
        What differs from ours.
    """

    method: str
    auroc: str
    bedroc: str
    ef1: str
    kind: str
    source: str
    protocol: str = ""


_LIGUNITY = "LigUnity repository, results/VS_results, averaged over targets"
_KGOT = "as quoted by the KGOT paper"
_S2DRUG = "as quoted by the S2Drug paper"

PUBLISHED: dict[str, tuple[Published, ...]] = {
    "dude": (
        Published(
            "S-MolSearch 0.9",
            "",
            "> 0.753",
            "> 41.5",
            "ligand",
            "Uni-Mol team's blog, 2024-12-30",
            "lower bounds: 'over 49 % (BEDROC), over 30 % (EF) above the best baseline', DrugCLIP "
            "taken as that baseline; tables are images; α and query choice not stated; proteins "
            "above 90 % sequence similarity removed, benchmark molecules not",
        ),
        Published("LS-align", "0.75", "", "22.0", "ligand", "PMC6022693, abstract", "102 targets"),
        Published(
            "ROCS, shape and colour",
            "0.663",
            "0.326",
            "",
            "ligand",
            "Koes and Camacho 2014, values by target (gkxiao/virtual-screening-validation)",
            "crystal ligand in its bound pose as query, all decoys, mean over 102 targets; α of "
            "BEDROC not stated there",
        ),
        Published("DrugCLIP", "0.809", "0.505", "31.9", "pocket", _KGOT, "zero-shot"),
        Published("DrugHash", "0.837", "0.572", "37.2", "pocket", _S2DRUG),
        Published("S2Drug", "0.925", "0.793", "43.1", "pocket", _S2DRUG),
        Published("LigUnity", "0.931", "0.789", "52.0", "pocket", _LIGUNITY),
        Published("KGOT", "0.835", "0.512", "33.0", "pocket", "KGOT paper"),
        Published("Denvis-G", "0.851", "0.570", "36.3", "pocket", _LIGUNITY),
        Published("Glide SP", "0.820", "0.415", "23.6", "docking", _LIGUNITY),
        Published("GNINA", "0.782", "0.299", "17.7", "docking", _LIGUNITY),
        Published("AutoDock Vina", "0.717", "0.186", "9.9", "docking", _LIGUNITY),
    ),
    "litpcba": (
        Published(
            "ECFP4, all queries",
            "",
            "",
            "4.83",
            "ligand",
            "as quoted by the PED paper",
            "best pooling over references; mean over single references 3.94 ± 2.43; full set",
        ),
        Published(
            "ECFP4-4096, max over queries",
            "0.479",
            "",
            "2.34",
            "ligand",
            "sievestack/lit-pcba-audit notebooks",
            "validation split only; median 1.30",
        ),
        Published("DrugCLIP", "0.572", "0.062", "5.51", "pocket", _KGOT),
        Published("DrugHash", "0.546", "0.071", "6.14", "pocket", _S2DRUG),
        Published("S2Drug", "0.582", "0.087", "7.38", "pocket", _S2DRUG),
        Published("KGOT", "0.625", "0.065", "5.90", "pocket", "KGOT paper"),
        Published("LigUnity", "0.590", "0.089", "7.36", "pocket", _LIGUNITY),
        Published("GNINA", "0.609", "0.054", "4.63", "docking", _LIGUNITY),
        Published("Glide SP", "0.572", "0.059", "4.06", "docking", _LIGUNITY),
    ),
    "dekois": (
        Published("LigUnity", "0.941", "0.849", "28.2", "pocket", _LIGUNITY),
        Published("DrugCLIP", "0.791", "0.504", "17.9", "pocket", _LIGUNITY),
        Published("RTMScore", "0.764", "0.550", "18.4", "docking", _LIGUNITY),
        Published("Glide SP", "0.747", "0.386", "12.5", "docking", _LIGUNITY),
    ),
}


def published(benchmark: str) -> tuple[Published, ...]:
    """Look up published rows about a benchmark; none for other names."""
    return PUBLISHED.get(benchmark, ())

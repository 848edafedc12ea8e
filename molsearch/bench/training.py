"""The molecules an encoder learned from: what a benchmark's actives must be compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from molsearch.bench.molecules import Molecules
from molsearch.bench.places import data_root
from molsearch.bench.similarity import Neighbourhood
from molsearch.errors import InputError
from molsearch.io.atomic import replacing
from molsearch.io.hashing import sha256_file

STANDARD = "standard"
TARGET_HELD_OUT = "target-held-out"
CHUNK = 20_000
_COLUMNS = [
    "inchikey",
    "smiles",
    "uniprot",
    "tier",
    "is_benchmark_molecule",
    "is_benchmark_target",
    "is_dev_target",
]


@dataclass(frozen=True)
class TrainingSet:
    """Molecules and targets of a training set.

    Attributes
    ----------
    name
        ``standard``, ``target-held-out``, or the file it was read from.
    skeletons
        First blocks of the molecules' InChIKeys.
    targets
        UniProt accessions; empty where unknown.
    scaffolds
        Hashes of Murcko scaffolds, sorted, see `scaffold_hashes`.
    neighbourhood
        Their ECFP4.
    n
        Distinct molecules.
    """

    name: str
    skeletons: frozenset[str]
    targets: frozenset[str]
    scaffolds: npt.NDArray[np.uint64]
    neighbourhood: Neighbourhood
    n: int

    def knows_scaffold(self, scaffolds: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Whether each scaffold is a training molecule's; True for no scaffold at all."""
        known = np.isin(scaffold_hashes(scaffolds), self.scaffolds)
        return known | np.array([not scaffold for scaffold in scaffolds], dtype=bool)


def scaffold_hashes(scaffolds: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Hash scaffold SMILES to 64 bits, so that a million of them are a small array."""
    digests = [hashlib.blake2b(s.encode(), digest_size=8).digest() for s in scaffolds]
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


def training_name(card: Mapping[str, Any]) -> str:
    """Name the training set of an encoder's card; a file where the card names one."""
    training = card.get("training")
    if not isinstance(training, Mapping):
        return STANDARD
    if training.get("molecules_file"):
        return str(training["molecules_file"])
    config = training.get("config")
    held_out = isinstance(config, Mapping) and bool(config.get("hold_out_benchmark_targets"))
    return TARGET_HELD_OUT if held_out else STANDARD


def has_training(name: str) -> bool:
    """Whether the training set `name` can be read here."""
    if name in (STANDARD, TARGET_HELD_OUT):
        return (data_root() / "activities.parquet").is_file()
    return Path(name).is_file()


def load_training(name: str, cache: Path) -> TrainingSet:
    """Load a training set by its name.

    Parameters
    ----------
    name
        ``standard`` or ``target-held-out`` (rows of ``activities.parquet``), or a file of
        molecules: a table with a ``smiles`` column (parquet, csv) or a list of SMILES.
    cache
        Folder that keeps the fingerprints of hundreds of thousands of molecules.

    Raises
    ------
    InputError
        The file is missing or holds no molecules.
    """
    if name in (STANDARD, TARGET_HELD_OUT):
        return _from_activities(name, data_root() / "activities.parquet", cache)
    return _from_file(Path(name))


def _from_activities(name: str, path: Path, cache: Path) -> TrainingSet:
    try:
        rows = pd.read_parquet(path, columns=_COLUMNS)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"cannot read {path}: {str(error).splitlines()[0]}") from error
    kept = (rows["tier"] == "active") & ~rows["is_benchmark_molecule"] & ~rows["is_dev_target"]
    rows = rows[kept]
    rows = rows.assign(skeleton=rows["inchikey"].astype(str).str[:14])
    # Both named sets share one cache: the held-out set is a part of the standard one.
    molecules = rows.drop_duplicates("skeleton")
    prints, scaffolds = _features(
        molecules["smiles"].astype(str).tolist(), cache / f"training-{sha256_file(path)[:12]}"
    )
    if name == TARGET_HELD_OUT:
        rows = rows[~rows["is_benchmark_target"]]
    inside = molecules["skeleton"].isin(set(rows["skeleton"])).to_numpy()
    return TrainingSet(
        name,
        frozenset(rows["skeleton"]),
        frozenset(rows["uniprot"].astype(str)),
        np.unique(scaffolds[inside]),
        Neighbourhood.of(prints[inside]),
        int(inside.sum()),
    )


def _features(
    smiles: list[str], folder: Path
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint64]]:
    """ECFP4 and scaffold hashes, computed in chunks that are kept as they are finished."""
    prints, scaffolds = [], []
    for start in range(0, len(smiles), CHUNK):
        path = folder / f"chunk-{start // CHUNK:04d}.npz"
        if not path.is_file():
            molecules = Molecules(smiles[start : start + CHUNK])
            molecules.need(["ecfp4", "scaffold"])
            with replacing(path) as temporary, temporary.open("wb") as handle:
                np.savez_compressed(
                    handle,
                    ecfp4=molecules["ecfp4"],
                    scaffold=scaffold_hashes(molecules["scaffold"].tolist()),
                )
        with np.load(path, allow_pickle=False) as stored:
            prints.append(stored["ecfp4"])
            scaffolds.append(stored["scaffold"])
    if not prints:
        return np.zeros((0, 256), np.uint8), np.zeros(0, np.uint64)
    return np.concatenate(prints), np.concatenate(scaffolds)


def _from_file(path: Path) -> TrainingSet:
    frame = _table(path)
    molecules = Molecules(frame["smiles"].dropna().astype(str).unique().tolist())
    molecules.need(["ecfp4", "scaffold", "skeleton"])
    good = molecules.readable
    if not good.any():
        raise InputError(f"{path} holds no readable molecules: name a table with a smiles column")
    targets = frame["uniprot"].dropna().astype(str) if "uniprot" in frame else ()
    return TrainingSet(
        str(path),
        frozenset(molecules["skeleton"][good]),
        frozenset(targets),
        np.unique(scaffold_hashes(molecules["scaffold"][good].tolist())),
        Neighbourhood.of(molecules["ecfp4"][good]),
        int(good.sum()),
    )


def _table(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        elif path.suffix in (".csv", ".tsv"):
            frame = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",")
        else:
            lines = path.read_text().splitlines()
            frame = pd.DataFrame({"smiles": [line.split()[0] for line in lines if line.strip()]})
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read training molecules from {path}: {error}") from error
    if "smiles" not in frame:
        raise InputError(f"{path} has no column smiles: name the structures' column so")
    return frame

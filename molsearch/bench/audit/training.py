"""The molecules an encoder learned from: what a benchmark's actives must be compared with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from molsearch.bench.audit.features import chunked, fingerprint_chunk, scaffold_chunk, spread_over
from molsearch.bench.audit.homology import Homology, load_homology
from molsearch.bench.audit.scaffolds import HashedScaffolds, Hashes, KnownScaffolds, ScaffoldIndex
from molsearch.bench.molecules import Molecules
from molsearch.bench.similarity import Neighbourhood
from molsearch.chem.fingerprints import N_BYTES
from molsearch.data.homology import BENCHMARKS, DEVELOPMENT, close_targets
from molsearch.data.places import data_root, is_named
from molsearch.data.training_tables import TABLES, read_table
from molsearch.errors import InputError
from molsearch.io import parquet
from molsearch.io.atomic import replacing
from molsearch.io.hashing import sha256_file
from molsearch.progress import OnProgress

STANDARD = "standard"
TARGET_HELD_OUT = "target-held-out"
# As target-held-out, and without targets above that sequence identity to a benchmark's.
STRICT = "target-held-out-0.9"
_STRICT_IDENTITY = 0.9
CHUNK = 20_000
SCAFFOLD_CHUNK = 2_000
# Behind one of these names: weak actives (5 to 6 in -log10 M) have been trained on too.
WEAK = "+weak"
# Of a published protocol: actives of the benchmark may be known as ligands of other targets.
KNOWN = "molecules-known"
_NAMED = re.compile(
    rf"(?P<base>{STANDARD}|{TARGET_HELD_OUT}|{re.escape(STRICT)}"
    rf"|{KNOWN}-(?P<far>\w+)-(?P<most>[01]\.\d+))(?P<weak>{re.escape(WEAK)})?"
)
_WEAK_TIER = "weak_5_6"
_HOMOLOGY = "target_homology.parquet"
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
        Their Murcko scaffolds.
    neighbourhood
        Their ECFP4.
    n
        Distinct molecules.
    homology
        Sequence identity to its targets; None where no table of it is at hand.
    """

    name: str
    skeletons: frozenset[str]
    targets: frozenset[str]
    scaffolds: KnownScaffolds
    neighbourhood: Neighbourhood
    n: int
    homology: Homology | None = None

    def knows_scaffold(self, scaffolds: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Whether each scaffold is a training molecule's; True for no scaffold at all."""
        none = np.array([not scaffold for scaffold in scaffolds], dtype=bool)
        return none | self.scaffolds.known(scaffolds)


def training_name(card: Mapping[str, Any]) -> str:
    """Name the training set of an encoder's card; a file where the card names one."""
    training = card.get("training")
    if not isinstance(training, Mapping):
        return STANDARD
    if training.get("molecules_file"):
        return str(training["molecules_file"])
    config = training.get("config")
    if not isinstance(config, Mapping):
        return STANDARD
    weak = WEAK if _WEAK_TIER in config.get("tiers", ()) else ""
    if config.get("benchmark_molecules") == "kept":
        far = "_".join(config.get("far_from", ())) or "none"
        return f"{KNOWN}-{far}-{float(config.get('far_identity', 1.0))}{weak}"
    if not config.get("hold_out_benchmark_targets"):
        return STANDARD + weak
    most = config.get("max_identity", 1.0) if config.get("homology") else 1.0
    return (STRICT if float(most) <= _STRICT_IDENTITY else TARGET_HELD_OUT) + weak


def has_training(name: str) -> bool:
    """Whether the training set `name` can be read here."""
    if _NAMED.fullmatch(name):
        return is_named() and (data_root() / "activities.parquet").is_file()
    return Path(name).is_file()


def load_training(
    name: str, cache: Path, *, workers: int = 1, on_progress: OnProgress | None = None
) -> TrainingSet:
    """Load a training set by its name.

    Parameters
    ----------
    name
        ``standard``, ``target-held-out``, ``target-held-out-0.9`` or
        ``molecules-known-dude-0.9`` (a benchmark's molecules kept, targets above that identity to
        its own left out), all rows of ``activities.parquet``, with ``+weak`` behind it the weak
        actives too; or a file of molecules: a table with a ``smiles`` column (parquet, csv) or a
        list of SMILES.
    cache
        Folder that keeps the fingerprints of hundreds of thousands of molecules.
    workers
        Processes that compute those fingerprints where the cache lacks them.
    on_progress
        Told of molecules done and failed while they are computed.

    Raises
    ------
    InputError
        The file is missing or holds no molecules.
    """
    if _NAMED.fullmatch(name):
        return _from_activities(
            name, data_root() / "activities.parquet", cache, workers, on_progress
        )
    return _from_file(Path(name))


def _from_activities(
    name: str, path: Path, cache: Path, workers: int, on_progress: OnProgress | None
) -> TrainingSet:
    try:
        rows = parquet.read_frame(path, _COLUMNS)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"cannot read {path}: {str(error).splitlines()[0]}") from error
    named = _NAMED.fullmatch(name)
    assert named is not None
    base, far, most = named["base"], named["far"], named["most"]
    rows = rows[~rows["is_dev_target"]]
    rows = rows.assign(skeleton=rows["inchikey"].astype(str).str[:14])
    tiers = ["active", _WEAK_TIER] if named["weak"] else ["active"]
    parts = {
        ("known/" if known else "") + ("" if tier == "active" else tier): rows[
            (rows["tier"] == tier) & (rows["is_benchmark_molecule"] == known)
        ]
        for known in ([False, True] if far else [False])
        for tier in tiers
    }
    # Held-out sets are parts of the standard one, and weak actives and a benchmark's molecules
    # come behind all others: what was computed for one set serves the next.
    rows = pd.concat(parts.values(), keys=parts.keys(), names=["part"]).reset_index("part")
    molecules = rows.drop_duplicates("skeleton")
    smiles = molecules["smiles"].astype(str).tolist()
    folder = cache / f"training-{sha256_file(path)[:12]}"
    made = [
        _features(group["smiles"].astype(str).tolist(), folder / part, workers, on_progress)
        for part in parts
        if len(group := molecules[molecules["part"] == part])
    ]
    prints = np.concatenate([found for found, _ in made])
    keys = np.concatenate([found for _, found in made])
    if base in (TARGET_HELD_OUT, STRICT):
        rows = rows[~rows["is_benchmark_target"]]
    homology = path.parent / _HOMOLOGY
    if base == STRICT:
        close = close_targets(homology, (*DEVELOPMENT, *BENCHMARKS), _STRICT_IDENTITY)
        rows = rows[~rows["uniprot"].isin(close)]
    if far and far != "none":
        columns = [f"id_{one}" for one in far.split("_")]
        rows = rows[~rows["uniprot"].isin(close_targets(homology, columns, float(most)))]
    targets = frozenset(rows["uniprot"].astype(str))
    behind = [part.strip("/").replace("/", "-") for part in molecules["part"].unique() if part]
    scaffolds = "-".join(["scaffolds", *behind]) + ".npy"
    inside = molecules["skeleton"].isin(set(rows["skeleton"])).to_numpy()

    def scaffolds_of(some: list[str]) -> Hashes:
        chunks = chunked(some, SCAFFOLD_CHUNK)
        return np.concatenate(list(spread_over(scaffold_chunk, chunks, workers)))

    return TrainingSet(
        name,
        frozenset(rows["skeleton"]),
        targets,
        ScaffoldIndex(smiles, keys, inside, folder / scaffolds, scaffolds_of),
        Neighbourhood.of(prints[inside]),
        int(inside.sum()),
        load_homology(homology, targets),
    )


def _features(
    smiles: list[str], folder: Path, workers: int, on_progress: OnProgress | None
) -> tuple[npt.NDArray[np.uint8], Hashes]:
    """ECFP4 and scaffold keys, computed in chunks that are kept as they are finished."""
    chunks = chunked(smiles, CHUNK)
    paths = [folder / f"prints-{number:04d}.npz" for number in range(len(chunks))]
    missing = [number for number, path in enumerate(paths) if not path.is_file()]
    made = spread_over(fingerprint_chunk, [chunks[number] for number in missing], workers)
    done = 0
    for number, (prints, keys) in zip(missing, made, strict=True):
        with replacing(paths[number]) as temporary, temporary.open("wb") as handle:
            np.savez_compressed(handle, ecfp4=prints, keys=keys)
        done += len(keys)
        if on_progress is not None:
            on_progress(done, 0)
    stored = [_stored(path) for path in paths]
    if not stored:
        return np.zeros((0, N_BYTES), np.uint8), np.zeros(0, np.uint64)
    return np.concatenate([one for one, _ in stored]), np.concatenate([two for _, two in stored])


def _stored(path: Path) -> tuple[npt.NDArray[np.uint8], Hashes]:
    with np.load(path, allow_pickle=False) as found:
        return found["ecfp4"], found["keys"]


def _from_file(path: Path) -> TrainingSet:
    smiles, targets = _molecules_of(path)
    molecules = Molecules(smiles)
    molecules.need(["ecfp4", "scaffold", "skeleton"])
    good = molecules.readable
    if not good.any():
        raise InputError(f"{path} holds no readable molecules: name a table with a smiles column")
    return TrainingSet(
        str(path),
        frozenset(molecules["skeleton"][good]),
        targets,
        HashedScaffolds(molecules["scaffold"][good].tolist()),
        Neighbourhood.of(molecules["ecfp4"][good]),
        int(good.sum()),
    )


def _molecules_of(path: Path) -> tuple[list[str], frozenset[str]]:
    """Distinct structures of a file, and the targets that a table names."""
    if path.suffix in TABLES:
        table = read_table(path, "table of training molecules", ("smiles",))
        smiles = [one for one in dict.fromkeys(table["smiles"]) if one]
        targets = table["uniprot"].dropna().astype(str) if "uniprot" in table else ()
        return smiles, frozenset(targets)
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read training molecules from {path}: {error}") from error
    return list(dict.fromkeys(line.split()[0] for line in lines if line.strip())), frozenset()

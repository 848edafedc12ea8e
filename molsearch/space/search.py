"""Search a space of products by its synthons with RDKit's SynthonSpaceSearch.

No space is enumerated: the query is cut into fragments, synthons like these are joined, and only
such products are made.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator, rdRascalMCES, rdSynthonSpaceSearch
from rdkit.Geometry import Point3D

from molsearch.chem.conformers import embed
from molsearch.chem.parse import RejectedError
from molsearch.chem.rdkit_log import heard
from molsearch.config import Config, PrepareConfig
from molsearch.errors import InputError, UsageError
from molsearch.space.synthons import Synthon

Mode = Literal["fingerprint", "rascal", "shape"]
_CALLS = {"fingerprint": "FingerprintSearch", "rascal": "RascalSearch", "shape": "ShapeSearch"}


class SpaceConfig(Config):
    """How a space is searched, for one query at a time.

    Attributes
    ----------
    mode
        What is alike: ECFP4 (Tanimoto), the largest common substructure (Rascal), or shape and
        pharmacophores of geometries.
    similarity
        Products below it are no hits.
    products
        Most products a query.
    seconds
        Most time a query; what was found by then is kept.
    """

    mode: Mode = "fingerprint"
    similarity: float = Field(default=0.5, ge=0, le=1)
    products: int = Field(default=1000, ge=1)
    seconds: int = Field(default=600, ge=1)
    conformers: int = Field(default=10, ge=1, description="of a synthon and a product, for shape")
    threads: int = Field(default=1, ge=1)
    seed: int = 20


@dataclass(frozen=True)
class Product:
    """A molecule of the space that is like a query.

    Attributes
    ----------
    reagents
        The synthons it is made of, in the order of their positions.
    similarity
        To the query, as the mode measures it.
    """

    smiles: str
    reaction: str
    reagents: tuple[Synthon, ...]
    similarity: float

    @property
    def route(self) -> str:
        """Reagents and reaction, joined as RDKit does: ``id;id;reaction``."""
        return ";".join([*(one.synthon_id for one in self.reagents), self.reaction])


@dataclass(frozen=True)
class Found:
    """Products for one query.

    Attributes
    ----------
    timed_out
        Whether the time ran out before the search was done.
    more
        Whether the limit of products was reached.
    """

    products: tuple[Product, ...]
    timed_out: bool
    more: bool


@dataclass
class Space:
    """A space that can be searched; its synthons are usable."""

    synthons: Sequence[Synthon]
    _space: Any = field(init=False, repr=False)
    _shaped: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        # Under names of our own: a vendor's id may hold what RDKit joins names by.
        self._reactions = list(dict.fromkeys(one.reaction for one in self.synthons))
        self._space = rdSynthonSpaceSearch.SynthonSpace()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "space.txt"
            path.write_text(self._canonical())
            with heard() as said:
                try:
                    self._space.ReadTextFile(str(path))
                except (RuntimeError, ValueError) as error:
                    reason = (str(error) or " ".join(said)).splitlines()[0]
                    raise InputError(
                        f"RDKit cannot read these synthons: {reason}; mend the file"
                    ) from error

    @property
    def n_reactions(self) -> int:
        """Number of reactions."""
        return len(self._reactions)

    @property
    def n_products(self) -> int:
        """Number of products, none of which was made."""
        return int(self._space.GetNumProducts())

    def search(self, query_smiles: str, config: SpaceConfig) -> Found:
        """Find products like a query.

        Raises
        ------
        UsageError
            The installed RDKit has no such mode.
        InputError
            The query has no geometry, or RDKit cannot search with it.
        KeyboardInterrupt
            RDKit was interrupted.
        """
        call = getattr(self._space, _CALLS[config.mode], None)
        if call is None:
            raise UsageError(
                f"the installed RDKit has no {config.mode} search of synthon spaces; use "
                "--mode fingerprint, or a newer RDKit"
            )
        query = Chem.MolFromSmiles(query_smiles)
        arguments: tuple[Any, ...] = ()
        if config.mode == "fingerprint":
            arguments = (rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048),)
        elif config.mode == "rascal":
            options = rdRascalMCES.RascalOptions()
            options.similarityThreshold = config.similarity
            arguments = (options,)
        else:
            query = _with_geometry(query, config)
            self._build_shapes(config)
        with heard():
            try:
                result = call(query, *arguments, _parameters(config))
            except (RuntimeError, ValueError) as error:
                reason = (str(error) or type(error).__name__).splitlines()[0]
                raise InputError(f"RDKit cannot search with {query_smiles}: {reason}") from error
        if result.GetCancelled():
            raise KeyboardInterrupt
        products = [self._product(mol) for mol in result.GetHitMolecules()]
        good = tuple(one for one in products if one.similarity >= config.similarity)
        return Found(good, bool(result.GetTimedOut()), len(products) >= config.products)

    def _canonical(self) -> str:
        """Write the synthons as RDKit reads them."""
        number = {reaction: place for place, reaction in enumerate(self._reactions)}
        positions: dict[str, dict[str, int]] = {}
        lines = ["SMILES\tsynton_id\tsynton#\treaction_id"]
        for place, one in enumerate(self.synthons):
            known = positions.setdefault(one.reaction, {})
            position = known.setdefault(one.position, len(known) + 1)
            lines.append(f"{one.smiles}\ts{place}\t{position}\tr{number[one.reaction]}")
        return "\n".join(lines) + "\n"

    def _product(self, mol: Chem.Mol) -> Product:
        *names, reaction = mol.GetProp("_Name").split(";")
        reagents = tuple(self.synthons[int(name[1:])] for name in names)
        flat = Chem.Mol(mol)
        flat.RemoveAllConformers()
        return Product(
            Chem.MolToSmiles(flat),
            self._reactions[int(reaction[1:])],
            reagents,
            float(mol.GetProp("Similarity")),
        )

    def _build_shapes(self, config: SpaceConfig) -> None:
        if self._shaped:
            return
        parameters = rdSynthonSpaceSearch.ShapeBuildParams()
        parameters.numConfs = config.conformers
        parameters.numThreads = config.threads
        parameters.randomSeed = config.seed
        with heard():
            self._space.BuildSynthonShapes(parameters)
        self._shaped = True


def _parameters(config: SpaceConfig) -> Any:
    parameters = rdSynthonSpaceSearch.SynthonSpaceSearchParams()
    parameters.maxHits = config.products
    parameters.similarityCutoff = config.similarity
    parameters.timeOut = config.seconds
    parameters.numThreads = config.threads
    parameters.randomSeed = config.seed
    if hasattr(parameters, "numConformers"):
        parameters.numConformers = config.conformers
    return parameters


def _with_geometry(query: Chem.Mol, config: SpaceConfig) -> Chem.Mol:
    try:
        with heard():
            (positions,) = embed(query, PrepareConfig(n_conformers=1, seed=config.seed))[:1]
    except RejectedError as error:
        raise InputError(
            f"{Chem.MolToSmiles(query)} has no geometry to search with ({error}); use "
            "--mode fingerprint"
        ) from error
    model = Chem.Mol(query)
    conformer = Chem.Conformer(model.GetNumAtoms())
    for atom, (x, y, z) in enumerate(positions):
        conformer.SetAtomPosition(atom, Point3D(float(x), float(y), float(z)))
    conformer.Set3D(True)
    model.AddConformer(conformer, assignId=True)
    return model

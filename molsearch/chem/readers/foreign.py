"""What people have that is not read: told by its suffix or its first bytes, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from molsearch.errors import InputError

_SDF = "convert it to SDF (obabel IN -O OUT.sdf)"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A format that is not read.

    Attributes
    ----------
    name
        What to call it, with its article.
    mend
        What to do instead.
    suffixes
        Names that promise it.
    begins
        A regular expression that its first bytes match, or None where they say nothing.
    """

    name: str
    mend: str
    suffixes: tuple[str, ...] = ()
    begins: re.Pattern[bytes] | None = None


def _bytes(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:\xef\xbb\xbf)?\s*" + pattern, re.IGNORECASE)


FOREIGN = (
    Foreign(
        "a Git LFS pointer, not the file itself",
        "fetch the file with: git lfs pull",
        begins=_bytes(rb"version https://git-lfs\.github\.com/spec/"),
    ),
    Foreign(
        "a git-annex pointer, not the file itself",
        "fetch the file with: git annex get",
        begins=_bytes(rb"/annex/objects/"),
    ),
    Foreign(
        "a web page, not the file behind it",
        "download the file again by its own address",
        (".html", ".htm"),
        _bytes(rb"<(?:!doctype html|html)\b"),
    ),
    Foreign(
        "a CML document",
        _SDF,
        (".cml",),
        _bytes(rb"(?:<\?xml[^>]*>\s*)?<(?:\w+:)?(?:cml|molecule)\b"),
    ),
    Foreign(
        "a DataWarrior file",
        "open it in DataWarrior and save it as SDF or as tab-separated text with SMILES",
        (".dwar",),
        _bytes(rb"<datawarrior-fileinfo>"),
    ),
    Foreign("an RD file", "convert its molecules to SDF", (".rdf",), _bytes(rb"\$RDFILE")),
    Foreign(
        "a reaction file", "give the molecules, as SDF or SMILES", (".rxn",), _bytes(rb"\$RXN")
    ),
    Foreign(
        "a JSON document",
        "write one object a line (jq -c '.[]' FILE.json > FILE.jsonl)",
        (".json",),
        _bytes(rb'(?:\{\s*(?:"|\}|\Z)|\[\s*(?:[{"\]]|\[\s*[{"\d]|-?\d+\s*,))'),
    ),
    Foreign(
        "a Marvin document",
        _SDF,
        (".mrv",),
        _bytes(rb"(?:<\?xml[^>]*>\s*)?<(?:\w+:)?(?:cml )?MDocument\b"),
    ),
    Foreign(
        "a binary ChemDraw document",
        "save it as CDXML or SDF in ChemDraw",
        (".cdx",),
        re.compile(rb"VjCD0100"),
    ),
    Foreign(
        "a PDB file",
        "convert its ligands to SDF or mol2",
        (".pdb", ".ent"),
        re.compile(rb"(?:HEADER    |REMARK {1,3}\d|ATOM  {1,6}\d|HETATM|COMPND {3})"),
    ),
    Foreign("a PDBQT file", _SDF, (".pdbqt",)),
    Foreign("an XYZ file, which has no bonds", _SDF, (".xyz",)),
    Foreign(
        "a CIF file",
        "convert its ligands to SDF",
        (".cif", ".mmcif", ".bcif"),
        re.compile(rb"data_\w"),
    ),
    Foreign("an OpenEye binary file", "convert it to SDF", (".oeb",)),
    Foreign("a pickle", "write a table or an SDF: pickles can run code", (".pkl", ".pickle")),
    Foreign(
        "an old Excel file",
        "save it as .xlsx or CSV",
        (".xls", ".xlsb"),
        re.compile(rb"\xd0\xcf\x11\xe0"),
    ),
    Foreign("a spreadsheet of OpenOffice", "save it as .xlsx or CSV", (".ods",)),
    Foreign("an HDF5 file", "export it as CSV or SDF", (".h5", ".hdf5"), re.compile(rb"\x89HDF")),
    Foreign("a PDF", "give the molecules as a table or an SDF", (".pdf",), re.compile(rb"%PDF")),
    Foreign(
        "an Arrow or Feather file",
        "write it as Parquet",
        (".feather", ".arrow"),
        re.compile(rb"ARROW1|FEA1"),
    ),
    Foreign(
        "an archive",
        "unpack it and give the folder",
        (".tar", ".tgz", ".7z", ".rar"),
        re.compile(rb"7z\xbc\xaf\x27\x1c|Rar!|.{257}ustar", re.DOTALL),
    ),
    Foreign("an XML document", _SDF, (".xml",), _bytes(rb"<\?xml")),
)


def refuse_foreign(source: str, suffix: str, head: bytes) -> None:
    """Refuse a source that is known not to be read.

    Raises
    ------
    InputError
        Saying what it is and what to do.
    """
    for kind in FOREIGN:
        if suffix in kind.suffixes or (kind.begins is not None and kind.begins.match(head)):
            raise InputError(f"{source}: {kind.name}, which is not read; {kind.mend}")

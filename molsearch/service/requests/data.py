"""Making the table that training reads."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from molsearch.config import Config
from molsearch.service.requests.common import CPUS, VERSION, Overwrite, Workers


class ConvertRequest(Config):
    """Convert measured activities to the table that training reads."""

    verb: Literal["data_convert"] = "data_convert"
    version: Literal[1] = VERSION
    sources: tuple[str, ...] = Field(
        min_length=1,
        description="ChEMBL SQLite database or download, BindingDB TSV, or a plain table",
    )
    output: str = Field(description="activity table to write: .parquet or .csv")
    uniprot_map: str | None = Field(
        default=None,
        description="ChEMBL's chembl_uniprot_mapping.txt: downloads name no accessions",
    )
    target: str | None = Field(
        default=None,
        min_length=1,
        description="the one target of plain tables that have no column of targets, such as an "
        "assay downloaded from PubChem: a UniProt accession, or any word",
    )
    benchmarks: str | None = Field(
        default=None,
        description="data folder whose benchmarks and development screens are marked in the table, "
        "so that training leaves them out",
    )
    workers: Workers = CPUS
    overwrite: Overwrite = False

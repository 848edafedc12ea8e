"""Training encoders, measuring them, showing one at work."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from molsearch.config import Config, FinetuneConfig, PrepareConfig, TrainConfig
from molsearch.service.requests.common import (
    CPUS,
    VERSION,
    BatchSize,
    Cluster,
    Device,
    Encoder,
    Overwrite,
    Workers,
)


class SeriesConfig(Config):
    """A series of one's own that an encoder is tuned on."""

    activities: str = Field(description="file of molecules with a column of activities")
    decoys: str | None = Field(
        default=None, description="file of molecules taken for inactive; the example's if none"
    )
    target_column: str | None = None
    value_column: str | None = None
    start_from: str | None = Field(default=None, description="encoder that is tuned")
    tuning: FinetuneConfig = FinetuneConfig.model_validate({})


class BenchmarkRequest(Config):
    """Rank a benchmark's targets with several methods."""

    verb: Literal["benchmark"] = "benchmark"
    version: Literal[1] = VERSION
    benchmark: str = Field(min_length=1, description="its name, or a folder of one's own")
    methods: tuple[str, ...] = Field(
        default=("ecfp4", "molsearch"),
        description="comma-separated: random, heavy-atoms, properties, ecfp4, fcfp4, torsion, "
        "atom-pair, path, maccs, rdkit, usrcat, shape, untrained, molsearch, an encoder folder; "
        "a+b adds them, 2*a+b with weights, -top2 or -mean behind a part fuses queries; balanced: "
        "what screens rank by; unwidened: the same, searched once",
    )
    output: str | None = Field(
        default=None, description="result file; results/NAME.json where none is named"
    )
    data: str | None = Field(
        default=None, description="folder of the benchmark's files; $MOLSEARCH_DATA/NAME if none"
    )
    targets: tuple[str, ...] = Field(default=(), description="only these targets, comma-separated")
    limit_targets: int | None = Field(default=None, ge=1, description="the first so many targets")
    limit_actives: int | None = Field(default=None, ge=1, description="at most so many a target")
    limit_decoys: int | None = Field(default=None, ge=1, description="at most so many a target")
    queries: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(),
        description="draw so many actives of each target as queries together, in place of the "
        "benchmark's own; several numbers such as 1,5 give a result file each",
    )
    draws: int = Field(default=5, ge=1, description="draws a target, of several queries together")
    full: bool = Field(
        default=False,
        description="all molecules for 3D methods too; without it, and without limits of your own, "
        "a run with 3D methods draws at most 40 actives and 2,000 decoys a target",
    )
    query_conformers: int = Field(default=4, ge=1, description="3D geometries of each query")
    prepare: PrepareConfig = PrepareConfig()
    cluster: Cluster = None
    trainings: tuple[str, ...] | None = Field(
        default=None,
        description="training sets the audit compares with: standard, target-held-out, files; "
        "'none'; those of the encoders where nothing is said, else standard, where they can be "
        "read",
    )
    random: int = Field(
        default=0,
        ge=0,
        description="hide the actives among so many random compounds too, for the Bayes enrichment "
        "factor EF^B of BayesBind; 10000 tells up to 1 in 1,000; adds to a finished file",
    )
    random_from: str | None = Field(
        default=None,
        description="file of the random compounds; $MOLSEARCH_DATA/unlabelled.parquet, screening "
        "compounds of PubChem, if none",
    )
    cache: str | None = Field(default=None, description="folder of prepared conformers")
    device: Device = "auto"
    workers: Workers = CPUS
    seed: int = Field(default=0, description="seed of whatever is drawn")
    overwrite: Overwrite = False


class TrainRequest(Config):
    """Train an encoder, or tune one on a series: by `config`, or by `series`."""

    verb: Literal["train"] = "train"
    version: Literal[1] = VERSION
    config: TrainConfig | None = Field(default=None, description="a training")
    data: str | None = Field(
        default=None, description="folder that config.data counts from; here if none"
    )
    series: SeriesConfig | None = Field(default=None, description="a fine-tuning")
    output: str = Field(description="folder of the encoder")
    device: Device = "auto"
    workers: int = Field(default=CPUS, ge=1, description="for featurising")
    threads: int = Field(default=0, ge=0, description="torch's; 0 leaves them to torch")
    cache: str | None = Field(default=None, description="folder of featurised molecules")
    check: bool = Field(
        default=False, description="first hold a transport plan of the run against POT's"
    )
    overwrite: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> TrainRequest:
        if (self.config is None) == (self.series is None):
            raise ValueError("name what is trained once: config, or series")
        if self.series is not None and self.check:
            raise ValueError("check looks at a training's transport plans; a fine-tuning has none")
        return self


class DemoRequest(Config):
    """Go the whole way on the bundled example library."""

    verb: Literal["demo"] = "demo"
    version: Literal[1] = VERSION
    output: str = Field(default="demo", description="folder of everything the demo makes")
    shown: int = Field(default=10, ge=1, description="hits shown for each query")
    encoder: Encoder = None
    device: Device = "auto"
    batch_size: BatchSize = 128
    workers: Workers = CPUS
    overwrite: Overwrite = False

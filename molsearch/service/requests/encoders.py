"""Training encoders, measuring them, showing one at work."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from molsearch.config import Config, FinetuneConfig, PrepareConfig, TrainConfig
from molsearch.service.requests.common import CPUS, VERSION


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
    methods: tuple[str, ...] = ("ecfp4", "molsearch")
    output: str | None = Field(default=None, description="result file; results/NAME.json if none")
    data: str | None = Field(default=None, description="folder of the benchmark's files")
    targets: tuple[str, ...] = Field(default=(), description="only these")
    limit_targets: int | None = Field(default=None, ge=1)
    limit_actives: int | None = Field(default=None, ge=1, description="of a target")
    limit_decoys: int | None = Field(default=None, ge=1, description="of a target")
    queries: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(), description="actives drawn as queries together; a result file a number"
    )
    draws: int = Field(default=5, ge=1, description="of queries, a target")
    full: bool = Field(default=False, description="no drawing of molecules for 3D methods either")
    query_conformers: int = Field(default=4, ge=1)
    prepare: PrepareConfig = PrepareConfig()
    trainings: tuple[str, ...] | None = Field(
        default=None, description="training sets of the audit; those of the encoders if none"
    )
    random: int = Field(default=0, ge=0, description="random compounds, for EF^B")
    random_from: str | None = Field(default=None, description="file of the random compounds")
    cache: str | None = Field(default=None, description="folder of prepared molecules")
    device: str = "auto"
    workers: int = Field(default=CPUS, ge=1)
    seed: int = 0
    overwrite: bool = False


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
    device: str = "auto"
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
        return self


class DemoRequest(Config):
    """Go the whole way on the bundled example library."""

    verb: Literal["demo"] = "demo"
    version: Literal[1] = VERSION
    output: str = Field(default="demo", description="folder of everything that is made")
    shown: int = Field(default=10, ge=1, description="hits of a table")
    encoder: str | None = Field(default=None, description="folder, or name of a bundled one")
    device: str = "auto"
    batch_size: int = Field(default=128, ge=1)
    workers: int = Field(default=CPUS, ge=1)
    overwrite: bool = False

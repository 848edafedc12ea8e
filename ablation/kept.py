"""Runs of committed results, kept where their folders are not at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ablation.plan import AblationPlan, Variant

Record = Mapping[str, Any]


def kept_run(
    plan: AblationPlan,
    records: Iterable[Record],
    question: str,
    variant: Variant,
    seed: int,
) -> tuple[dict[str, Any], Record] | None:
    """Find a run in committed results, trained by the settings that the plan gives it now.

    Parameters
    ----------
    records
        Results of any questions: a run that several look at may be taken from each.

    Returns
    -------
    run, record
        What `ablation.collect.read_run` would tell of it, and the record that holds it. None
        where no record has it.
    """
    place, trained = plan.trained(question, variant)
    wanted = {
        "runs_of": f"{place}/{trained.name}",
        "set": [*plan.questions[place].set, *trained.set],
        "config": trained.config,
        "encoder": variant.encoder,
    }
    for record in records:
        for one in record["variants"]:
            if any(one[name] != value for name, value in wanted.items()):
                continue
            for run in one["runs"]:
                if run["seed"] == seed:
                    return {name: run[name] for name in run if name != "mean"}, record
    return None

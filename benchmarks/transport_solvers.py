"""Transport solvers against POT's `smooth_ot_dual` with the published settings, same CPU.

The published training code solves each step's soft labels by
`ot.smooth.smooth_ot_dual(reg=5, reg_type="l2", stopThr=1e-5, numItermax=200)` in float64.
Every solver gets the same float64 cost matrix and is timed as called, scaling and checks
included. SciPy's L-BFGS wakes the BLAS threads for every small product, which slows POT many
times at the default number of threads, so one thread and the default are both shown. Run it
on a quiet machine.

    python benchmarks/transport_solvers.py [--sizes 64 128 256 512 1024] [--neighbours]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable

PRODUCT = 5.0


def clustered(n: int, size: int = 4, d: int = 64, noise: float = 0.7):
    """Make unit rows in clusters of `size`, related as ligands of a target are."""
    import torch

    generator = torch.Generator().manual_seed(n)
    centres = torch.randn(max(1, n // size), d, generator=generator, dtype=torch.float64)
    rows = centres[torch.arange(n) % len(centres)]
    rows = rows + noise * torch.randn(n, d, generator=generator, dtype=torch.float64)
    return torch.nn.functional.normalize(rows, dim=1)


def block_coordinate(cost, tolerance: float = 1e-5, sweeps: int = 500):
    """Alternate exact projections of rows and columns, thresholds by sorting."""
    import torch

    scores = -cost / PRODUCT
    counts = torch.arange(1, len(cost) + 1, dtype=cost.dtype)

    def threshold(x):
        descending = x.sort(1, descending=True).values
        sums = descending.cumsum(1) - 1
        last = (descending * counts > sums).sum(1, keepdim=True) - 1
        return sums.gather(1, last)[:, 0] / (last[:, 0] + 1)

    columns = torch.zeros(len(cost), dtype=cost.dtype)
    for _ in range(sweeps):
        rows = -threshold(scores + columns)
        columns = -threshold(scores.T + rows)
        plan = (scores + rows[:, None] + columns).clamp_min(0)
        if (plan.sum(1) - 1).abs().max() <= tolerance:
            break
    return plan


def symmetric_lbfgs(cost, tolerance: float = 1e-5):
    """SciPy's L-BFGS on the one potential of the symmetric dual."""
    import numpy as np
    from scipy.optimize import minimize

    distances = cost.numpy() / PRODUCT
    half = distances.diagonal() / 2
    distances = distances - half - half[:, None]

    def dual(w):
        plan = np.maximum(w + w[:, None] - distances, 0)
        return (plan**2).sum() / 4 - w.sum(), plan.sum(1) - 1

    start = np.full(len(distances), 0.5)
    options = {"maxiter": 500, "ftol": 0.0, "gtol": tolerance}
    w = minimize(dual, start, jac=True, method="L-BFGS-B", options=options).x
    return np.maximum(w + w[:, None] - distances, 0)


def solvers(cost) -> dict[str, Callable[[], object]]:
    import numpy as np
    import ot
    import torch

    from molsearch.losses.transport import entropic_plan, smooth_plan

    array, ones = cost.numpy(), np.ones(len(cost))

    def pot(stop: float, limit: int):
        return ot.smooth.smooth_ot_dual(
            ones, ones, array, reg=PRODUCT, reg_type="l2", stopThr=stop, numItermax=limit
        )

    def ours(**options):
        return smooth_plan(cost, regularisation=PRODUCT, **options).plan

    return {
        "POT smooth_ot_dual, published": lambda: pot(1e-5, 200),
        "POT smooth_ot_dual, tight": lambda: pot(1e-13, 20_000),
        "POT smooth_ot_semi_dual, 1e-5": lambda: ot.smooth.smooth_ot_semi_dual(
            ones, ones, array, reg=PRODUCT, reg_type="l2", stopThr=1e-5, numItermax=200
        ),
        "fixed point, float32 (default)": ours,
        "fixed point, float64 to 1e-9": lambda: ours(dtype=torch.float64),
        "Newton, float32": lambda: ours(method="newton"),
        "Newton, float64 to 1e-9": lambda: ours(method="newton", dtype=torch.float64),
        "L-BFGS on one potential, 1e-5": lambda: symmetric_lbfgs(cost),
        "block coordinate, 1e-5": lambda: block_coordinate(cost),
        "(entropic, reg 1, float32)": lambda: entropic_plan(cost, regularisation=1.0).plan,
    }


def seconds(solve: Callable[[], object], budget: float = 1.0) -> float:
    """Median of repeated calls after a warm-up, for about `budget` seconds."""
    solve()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < budget and len(times) < 200):
        start = time.perf_counter()
        solve()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def compare(sizes: list[int]) -> None:
    import numpy as np
    import torch

    from molsearch.losses.plan import transport_cost
    from molsearch.losses.transport import smooth_plan

    if threads := os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(int(threads))
    print(f"\n== {torch.get_num_threads()} thread(s); clusters of 4, lambda*tau {PRODUCT:g} ==")
    for n in sizes:
        cost = transport_cost(clustered(n))
        exact = smooth_plan(
            cost, regularisation=PRODUCT, method="newton", dtype=torch.float64, tolerance=1e-12
        ).plan.numpy()
        print(f"\nbatch {n:<5}{'':24}{'ms':>9}{'ratio':>8}{'row error':>11}{'plan error':>12}")
        baseline = None
        for name, solve in solvers(cost).items():
            took = seconds(solve)
            baseline = baseline or took
            plan = np.asarray(solve(), dtype=np.float64)
            wrong = "" if name.startswith("(") else f"{np.abs(plan - exact).max():12.0e}"
            print(
                f"  {name:33}{took * 1e3:9.2f}{baseline / took:7.1f}x"
                f"{np.abs(plan.sum(1) - 1).max():11.0e}{wrong}"
            )


def neighbours(sizes: list[int]) -> None:
    """How plans change with the batch at a fixed product, and the product that holds them."""
    from molsearch.losses.neighbours import regularisation_for
    from molsearch.losses.plan_stats import plan_statistics
    from molsearch.losses.transport import soft_labels

    families = {
        "clusters of 4": lambda n: clustered(n),
        "16 clusters": lambda n: clustered(n, max(1, n // 16)),
    }
    for family, make in families.items():
        print(f"\n{family}: effective neighbours / diagonal mass at a fixed lambda*tau")
        print(f"{'batch':>7}{'0.5':>14}{'1':>14}{'2':>14}{'5':>14}{'for 4 neighbours':>22}")
        for n in sizes:
            rows = make(n)
            cells = ""
            for product in (0.5, 1.0, 2.0, 5.0):
                found = plan_statistics(soft_labels(rows, regularisation=product).plan)
                cells += f"{found.neighbours:7.1f} /{found.diagonal_mass:5.2f}"
            print(f"{n:7}{cells}{regularisation_for(rows, 4.0):22.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128, 256, 512, 1024])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count() or 1])
    parser.add_argument("--neighbours", action="store_true", help="how plans change with batch")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.neighbours:
        neighbours(options.sizes)
    elif options.here:
        compare(options.sizes)
    else:
        # BLAS reads its number of threads when it is loaded: one process for each setting.
        for threads in dict.fromkeys(options.threads):
            count = str(threads)
            environment = {**os.environ, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count}
            sizes = [str(n) for n in options.sizes]
            command = [sys.executable, __file__, "--here", "--sizes", *sizes]
            subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()

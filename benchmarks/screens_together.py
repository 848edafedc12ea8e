"""Screens of a server that wait are taken together: what that saves of their processor time.

    python benchmarks/screens_together.py [--index LIBRARY.index] [-o results/screens-together.json]

Without ``--index`` a library of 100,000 made-up molecules is indexed first, as by `server_load.py`.
In this one process, with one thread, the same screens are answered one after the other and as many
at a time as a server takes, in turn, the less of their times counts; every answer must have the
same bytes both ways. Then: ``python benchmarks/speed_page.py`` writes docs/server.md.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from engine import machine
from server_load import K, body, made, queries

from molsearch.io.atomic import write_text
from molsearch.search.together import Together
from molsearch.server.bodies import ScreenBody
from molsearch.server.screens import Ready, answer, ready
from molsearch.server.work import TOGETHER
from molsearch.service.session import Session

Asked = list[tuple[ScreenBody, Ready]]


def compare(index: Path, n: int, turns: int) -> dict[str, Any]:
    """Answer `n` screens both ways, `turns` times after one that does not count."""
    torch.set_num_threads(1)
    session = Session()
    bodies = [ScreenBody.model_validate(body("made up", smiles)) for smiles in queries()[:n]]
    asked = [(one, ready(one.request(str(index), None, "cpu"), session)) for one in bodies]
    times: dict[int, list[float]] = {1: [], TOGETHER: []}
    answers: dict[int, list[bytes]] = {}
    for _ in range(turns + 1):
        for most, taken in times.items():
            started = time.process_time()
            answers[most] = _answers(asked, session, most)
            taken.append(time.process_time() - started)
    if answers[1] != answers[TOGETHER]:
        raise SystemExit("screens taken together differ from the same screens alone")
    alone, several = (min(taken[1:]) for taken in times.values())
    return {
        "rows": asked[0][1].n_rows,
        "hits": K,
        "screens": len(asked),
        "at a time": TOGETHER,
        "one after the other, processor seconds": round(alone, 3),
        "together, processor seconds": round(several, 3),
        "together to one after the other": round(several / alone, 3),
        "machine": machine(),
    }


def _answers(asked: Asked, session: Session, most: int) -> list[bytes]:
    found: list[bytes] = [b""] * len(asked)

    def work(place: int) -> Any:
        one, to = asked[place]

        def do(shared: Any) -> None:
            found[place] = answer(one, to.request, session, shared).content

        return do

    together = Together(most)
    for first in range(0, len(asked), most):
        together.run([work(place) for place in range(first, min(first + most, len(asked)))])
    together.close()
    return found


def main() -> None:
    """Compare, keep and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, help="index of the bundled encoder")
    parser.add_argument("--screens", type=int, default=32)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("runs/server-load"))
    parser.add_argument("-o", "--output", type=Path, default=Path("results/screens-together.json"))
    given = parser.parse_args()
    found = compare(given.index or made(given.work), given.screens, given.turns)
    write_text(given.output, json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molsearch.chem import overlay as overlay_module
from molsearch.chem import shapes
from molsearch.chem.overlay import overlay
from molsearch.errors import InputError

IBUPROFEN = "CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)O"
NAPROXEN = "COc1ccc2cc(ccc2c1)[C@@H](C)C(=O)O"


def positions(block: str) -> np.ndarray:
    return Chem.MolFromMolBlock(block).GetConformer().GetPositions()


def test_a_molecule_lies_on_itself():
    found = overlay(IBUPROFEN, IBUPROFEN)
    assert found.score > 0.99
    assert np.abs(positions(found.query_block) - positions(found.hit_block)).max() < 0.2


def test_an_analogue_overlaps_better_than_a_stranger():
    close = overlay(IBUPROFEN, NAPROXEN)
    far = overlay(IBUPROFEN, "CCCCCCCCCCCCCCCCCC")
    assert close.shape > far.shape
    assert close.colour > far.colour
    assert 0 <= far.colour <= close.colour <= 1


def test_one_reference_puts_every_hit_into_one_frame():
    blocks = {overlay(IBUPROFEN, hit, references=1).query_block for hit in (NAPROXEN, "c1ccccc1")}
    assert len(blocks) == 1


def test_the_name_of_a_hit_stays_one_line():
    found = overlay("CCO", "CCN", hit_name="a\nb\n$$$$")
    assert found.hit_block.splitlines()[0] == "a b $$$$"


@pytest.mark.parametrize(
    ("smiles", "words"), [("C1CC", "not a SMILES"), ("C" * 90, "too many"), ("", "not a SMILES")]
)
def test_what_cannot_be_overlaid_is_said(smiles, words):
    with pytest.raises(InputError, match=words):
        overlay("CCO", smiles)


def test_moving_a_pose_gives_the_score_of_leaving_it() -> None:
    query, hit = (
        overlay_module._with_conformers(IBUPROFEN),
        overlay_module._with_conformers(NAPROXEN),
    )
    pose = next(shapes.starts(hit))
    (first, *_), before = shapes.references(query), pose.GetConformer().GetPositions()
    left = shapes.overlaid(first, pose)
    assert (pose.GetConformer().GetPositions() == before).all()
    moved = shapes.laid_over(query, query.GetConformer().GetId(), pose)
    assert sum(moved) == pytest.approx(left, abs=0.02)
    assert not np.allclose(pose.GetConformer().GetPositions(), before)

"""Approximate where recall is known, exact everywhere else, and always said."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from alike import same
from changes import add
from fakes import library, unit_rows
from listed import indexed, make_lists

from molsearch.errors import UsageError
from molsearch.index.ann.manifest import Measured, read_about, write_about
from molsearch.index.ann.opened import opened
from molsearch.index.rarity import Reference
from molsearch.scoring.queryset import QuerySet
from molsearch.scoring.ranking import ranking_of
from molsearch.search.ann.choose import chosen
from molsearch.search.ann.finder import select_near
from molsearch.search.ann.measure import Ligands, measure
from molsearch.search.ann.rough import Setting, rough
from molsearch.search.engine import search

REFERENCE = Reference(unit_rows(60, seed=3))


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    reader = indexed(tmp_path_factory.mktemp("listed"))
    make_lists(reader.path, lists=32)
    return reader


def of(reader, rank="balanced", n=1):
    """Queries of an index, what they rank by, and the exact search."""
    vectors = np.concatenate([reader.embeddings(s) for s in range(reader.n_shards)])
    prints = np.concatenate([reader.fingerprints(s) for s in range(reader.n_shards)])
    rows = np.arange(n) * 12 + 5
    ranking = ranking_of(rank, n)
    queries = QuerySet(vectors[rows].astype(np.float32), np.arange(n))
    blend = ranking.blend(prints[rows], REFERENCE)

    def exact(k, excluded=None, least=None):
        return search(reader, queries, k, blend=blend, excluded=excluded, least=least)

    return queries, blend, ranking, exact


def places(found):
    return zip(found.shards, found.rows, strict=True)


def near(reader, select, recall=0.9, rank="balanced", n=1, **more):
    queries, blend, ranking, exact = of(reader, rank, n)
    return select_near(select, exact, reader, queries, blend, ranking, recall, **more)


@pytest.mark.parametrize(("rank", "n"), [
    ("molsearch", 1), ("balanced", 1), ("balanced", 2), ("balanced", 5), ("3*molsearch+ecfp4", 2),
])  # fmt: skip
def test_all_lists_and_enough_depth_give_the_exact_answer_bit_for_bit(reader, rank, n):
    queries, blend, _, exact = of(reader, rank, n)
    _, lists = opened(reader)
    same(rough(reader, lists, queries, blend, Setting(32, 900), 50), exact(50))


@pytest.mark.parametrize(("rank", "n"), [("balanced", 1), ("balanced", 5), ("molsearch+rarity", 2)])
def test_rows_out_of_lists_are_scored_by_rarity_too(reader, rank, n):
    queries, _, _, _ = of(reader, rank, n)
    prints = reader.fingerprints(0)[np.arange(n) * 12 + 5]
    blend = ranking_of(rank, n, rarity=True).blend(np.array(prints), REFERENCE)
    _, lists = opened(reader)
    found = rough(reader, lists, queries, blend, Setting(32, 900), 50)
    same(found, search(reader, queries, 50, blend=blend))
    assert found.rarity.shape == (50, 1)


def test_recall_is_measured_of_the_ranking_that_the_encoder_can_tell(reader):
    _, lists = opened(reader)
    without, with_it = measure(reader, lists), measure(reader, lists, reference=REFERENCE)
    assert not any("rarity" in one.ranking for one in without)
    blends = [one.ranking for one in with_it if "ecfp4" in one.ranking]
    assert blends
    assert all(one.endswith("+1.25*rarity") for one in blends)
    for n in (1, 2, 3, 4, 9):
        ranking = ranking_of("balanced", n, rarity=True)
        assert isinstance(chosen(with_it, ranking, 0.1, 5), Measured)
        # Lists of before: what they were measured by is told, and the search is exact.
        assert "rarity was not measured" in str(chosen(without, ranking, 0.1, 5))
        assert isinstance(chosen(without, ranking_of("balanced", n), 0.1, 5), Measured)


def test_recall_is_what_counting_by_hand_gives(reader, monkeypatch):
    from molsearch.search.ann import measure as module

    monkeypatch.setattr(module, "RANKINGS", (("balanced", 1),))
    _, lists = opened(reader)
    first = measure(reader, lists)[0]
    assert (first.k, first.probes, first.n_searches) == (90, 8, 16)
    vectors, prints = module.sampled(reader, 16, module._SEED)
    ranking = ranking_of("balanced", 1)
    recalls = []
    for vector, print_ in zip(vectors, prints, strict=True):
        queries = QuerySet(vector[None], np.zeros(1, np.int64))
        blend = ranking.blend(print_[None])
        due = search(reader, queries, 90, blend=blend)
        found = rough(reader, lists, queries, blend, Setting(8, first.depth), 90)
        pairs = [set(zip(one.shards, one.rows, strict=True)) for one in (due, found)]
        recalls.append(len(pairs[0] & pairs[1]) / 90)
    assert first.recall == round(float(np.mean(recalls)), 5)
    assert first.lowest == round(float(np.quantile(recalls, 0.1)), 5)
    assert first.recall < 1


def test_the_worse_kind_of_query_counts(reader, monkeypatch):
    from molsearch.search.ann import measure as module

    monkeypatch.setattr(module, "RANKINGS", (("balanced", 1),))
    _, lists = opened(reader)
    rng = np.random.default_rng(0)
    far = rng.standard_normal((40, 16)).astype(np.float32)
    far /= np.linalg.norm(far, axis=1, keepdims=True)
    others = Ligands(far, np.packbits(rng.random((40, 2048)) < 0.02, axis=1))
    assert measure(reader, lists, others)[0].recall < measure(reader, lists)[0].recall


def test_what_is_found_is_scored_exactly_and_its_recall_is_told(reader):
    found, how = near(reader, lambda find: find(20, None))
    assert how.setting.recall >= 0.9
    _, _, _, exact = of(reader)
    every = exact(900)
    due = dict(zip(places(every), every.scores, strict=True))
    assert [due[pair] for pair in places(found)] == list(found.scores)
    assert list(found.scores) == sorted(found.scores, reverse=True)
    record = how.record()
    assert (record["exact"], record["recall"]) == (False, how.setting.recall)
    assert f"{how.setting.recall:.2%} of the 90 hits" in record["sentence"]


def test_more_recall_takes_more_probes(reader):
    measured = read_about(reader.path).measured
    ranking = ranking_of("balanced", 1)
    settings = [chosen(measured, ranking, recall, 50) for recall in (0.5, 0.9, 0.9999)]
    assert [one.probes for one in settings] == sorted(one.probes for one in settings)
    assert settings[0].probes < settings[2].probes
    assert all(one.recall >= due for one, due in zip(settings, (0.5, 0.9, 0.9999), strict=True))


@pytest.mark.parametrize(("rank", "n", "k", "why"), [
    ("ecfp4", 1, 20, "the recall of ranking by ecfp4-max was not measured"),
    ("2*molsearch+ecfp4", 1, 20, "was not measured"),
    ("balanced", 1, 91, "hits as deep as 91 of the whole library are wanted"),
])  # fmt: skip
def test_what_was_not_measured_is_searched_exactly(reader, rank, n, k, why):
    found, how = near(reader, lambda find: find(k, None), rank=rank, n=n)
    same(found, of(reader, rank, n)[3](k))
    assert how.setting is None
    assert why in how.sentence()
    assert how.record()["recall"] == 1.0


def test_a_recall_that_no_lists_reach_is_searched_exactly(reader, monkeypatch):
    about = read_about(reader.path)
    one = about.measured[0].model_copy(update={"recall": 0.97})
    said = chosen([one], ranking_of("molsearch", 1), 0.98, 10)
    assert said == "of the first 90 the lists find 97.00% at most"
    assert chosen([one], ranking_of("molsearch", 1), 0.97, 10) == one


def test_a_mask_that_leaves_half_is_honoured_and_one_that_leaves_few_is_searched_exactly(reader):
    half = [np.arange(rows) % 2 == 1 for rows in reader.shard_rows]
    found, how = near(reader, lambda find: find(40, half))
    assert how.setting is not None
    assert not any(half[s][r] for s, r in places(found))
    assert len(found) == 40
    few = [np.arange(rows) % 30 != 0 for rows in reader.shard_rows]
    found, how = near(reader, lambda find: find(20, few))
    same(found, of(reader)[3](20, few))
    assert "the filters leave 32 of 900 molecules" in how.sentence()


def test_a_filter_that_few_pass_makes_the_whole_selection_exact(reader):
    begun = []

    def select(find):
        """As `molsearch.search.select` goes on: rows that were seen are excluded."""
        begun.append(1)
        seen = [np.zeros(rows, bool) for rows in reader.shard_rows]
        kept = []
        while len(kept) < 10:
            found = find(40, seen)
            kept += [pair for pair in places(found) if pair[1] % 50 == 0]
            for shard, row in places(found):
                seen[shard][row] = True
            if len(found) < 40:
                break
        return kept

    kept, how = near(reader, select)
    assert len(begun) == 2
    assert how.setting is None
    assert "few pass the filters" in how.why_exact
    assert kept == select(of(reader)[3])


def test_pages_of_an_approximate_search_come_in_order_and_never_twice(reader):
    def select(find):
        first = find(30, None)
        seen = [np.zeros(rows, bool) for rows in reader.shard_rows]
        for shard, row in places(first):
            seen[shard][row] = True
        return first, find(30, seen)

    (first, second), how = near(reader, select)
    assert how.setting is not None
    pairs = [*places(first), *places(second)]
    assert len(set(pairs)) == 60
    assert first.scores[-1] >= second.scores[0]


def test_a_threshold_ends_the_list(reader):
    _, _, _, exact = of(reader)
    least = float(exact(20).scores[-1])
    found, how = near(reader, lambda find: find(80, None), recall=0.9999, least=least)
    assert how.setting is not None
    same(found, exact(80, least=least))


def test_what_needs_every_molecule_is_searched_exactly(reader):
    found, how = near(reader, lambda find: find(5, None), exact_alone="inactives weigh")
    same(found, of(reader)[3](5))
    assert how.sentence().endswith("a recall of 0.9 was asked: inactives weigh")


def test_an_index_without_lists_is_refused_with_the_command(tmp_path):
    bare = indexed(tmp_path, 100)
    with pytest.raises(UsageError) as caught:
        near(bare, lambda find: find(5, None))
    assert str(caught.value).endswith(f"make them with: molsearch index ann -i {bare.path}")


def test_lists_of_another_generation_are_not_searched_and_the_command_is_named(tmp_path):
    old = indexed(tmp_path, 300)
    make_lists(old.path)
    reader = add(old.path, library(tmp_path / "more", 30))
    found, how = near(reader, lambda find: find(5, None))
    same(found, of(reader)[3](5))
    assert "of generation 1, and it holds generation 2" in how.sentence()
    assert how.sentence().endswith(f"molsearch index ann -i {reader.path}")
    # Who still reads the old generation goes on with its lists.
    assert near(old, lambda find: find(5, None))[1].setting is not None


def test_lists_that_are_made_again_are_seen_by_a_reader_that_is_open(tmp_path):
    reader = indexed(tmp_path, 300)
    make_lists(reader.path)
    assert near(reader, lambda find: find(5, None))[1].setting.recall > 0
    about = read_about(reader.path)
    changed = [one.model_copy(update={"recall": 0.5}) for one in about.measured]
    write_about(reader.path, about.model_copy(update={"measured": tuple(changed)}))
    assert "50.00% at most" in near(reader, lambda find: find(5, None))[1].sentence()


def test_three_queries_rank_as_five_that_were_measured():
    made = partial(Measured, k=10, probes=1, depth=1, recall=1, lowest=1, n_searches=1)
    five = made(ranking=str(ranking_of("balanced", 5).expression), n_queries=5)
    assert chosen([five], ranking_of("balanced", 3), 0.9, 5) == five
    assert isinstance(chosen([five], ranking_of("balanced", 2), 0.9, 5), str)

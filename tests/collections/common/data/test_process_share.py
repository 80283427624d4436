"""Every sample goes to one process, and the batches of all processes are those of one."""

import pytest
import torch

from nemo.collections.common.data.process_share import (
    SharedSampler,
    counted_batches,
    evaluation_share,
    training_share,
)
from nemo.collections.common.data.resumable_loader import (
    EpochShuffle,
    EvaluationSequence,
    ResumableDataLoader,
    make_loader,
)

PROCESSES = [1, 2, 3, 4]


def all_shares(items, processes, **options):
    return [training_share(items, (rank, processes), **options).tolist() for rank in range(processes)]


@pytest.mark.parametrize("processes", PROCESSES)
@pytest.mark.parametrize("items", [1, 2, 5, 12, 23])
def test_training_repeats_less_than_one_sample_for_each_process(items, processes):
    shares = all_shares(items, processes)
    assert len({len(share) for share in shares}) == 1
    taken = [index for share in shares for index in share]
    assert set(taken) == set(range(items))
    assert len(taken) - items < processes


@pytest.mark.parametrize("processes", PROCESSES)
@pytest.mark.parametrize("items", [4, 5, 12, 23])
def test_drop_last_repeats_nothing_and_leaves_out_less_than_one_for_each_process(items, processes):
    shares = all_shares(items, processes, drop_last=True)
    taken = [index for share in shares for index in share]
    assert len({len(share) for share in shares}) == 1
    assert len(set(taken)) == len(taken) > items - processes


@pytest.mark.parametrize("processes", [2, 3])
def test_batches_of_a_step_together_are_the_batch_of_one_process(processes):
    shares = all_shares(24, processes)
    for step in range(24 // (2 * processes)):
        together = {index for share in shares for index in share[2 * step : 2 * step + 2]}
        assert together == set(range(2 * processes * step, 2 * processes * (step + 1)))


@pytest.mark.parametrize("skipped", [0, 4, 8, 12])
def test_another_number_of_processes_goes_on_with_the_samples_that_are_left(skipped):
    left = [index for share in all_shares(12, 2, skipped=skipped) for index in share]
    assert sorted(left) == list(range(skipped, 12)) == training_share(12, (0, 1), skipped=skipped).tolist()


@pytest.mark.parametrize("processes", PROCESSES)
@pytest.mark.parametrize("items", [0, 1, 3, 7, 8, 9, 23])
def test_evaluation_deals_out_whole_batches_and_all_make_equally_many_steps(items, processes):
    alone = [batch.tolist() for batch in torch.arange(items).split(4)] if items else []
    counted, steps = [], set()
    for rank in range(processes):
        share = evaluation_share(items, (rank, processes), batch_size=4)
        batches = [batch.tolist() for batch in share.split(4)] if len(share) else []
        steps.add(len(batches))
        own = counted_batches(items, (rank, processes), batch_size=4)
        assert batches[:own] == alone[rank::processes]
        counted += batches[:own]
    assert len(steps) == 1
    assert sorted(counted) == alone


def test_one_order_is_dealt_out():
    whole = EpochShuffle(range(12), seed=3)
    halves = [EpochShuffle(range(12), seed=3) for _ in range(2)]
    for rank, half in enumerate(halves):
        half.shard(rank, 2)
    expected = [(int(index), index.seed) for index in whole]
    for rank, half in enumerate(halves):
        assert len(half) == 6
        assert [(int(index), index.seed) for index in half] == expected[rank::2]


def test_lightning_leaves_the_samplers_alone():
    for options in ({"shuffle": True}, {"shuffle": False}, {"shuffle": False, "evaluation": True}):
        sampler = make_loader(range(8), batch_size=2, **options).sampler
        assert isinstance(sampler, SharedSampler)
        assert isinstance(sampler, torch.utils.data.distributed.DistributedSampler)


def test_a_loader_says_how_many_of_its_batches_count():
    loader = make_loader(range(9), shuffle=False, evaluation=True, batch_size=4)
    assert isinstance(loader.sampler, EvaluationSequence)
    assert (len(loader), loader.counted_batches) == (3, 3)
    loader.sampler.shard(1, 2)
    assert (len(loader), loader.counted_batches) == (2, 1)
    assert [batch.tolist() for batch in loader] == [[4, 5, 6, 7], [4, 5, 6, 7]]
    assert make_loader(range(9), shuffle=True, batch_size=4).counted_batches == 3
    foreign = ResumableDataLoader(range(9), batch_size=4)
    assert foreign.counted_batches is None


def test_a_place_in_an_epoch_holds_for_another_number_of_processes():
    def part(rank, processes):
        loader = make_loader(range(24), shuffle=True, seed=5, batch_size=8 // processes)
        loader.sampler.shard(rank, processes)
        return loader

    unbroken = part(0, 1)
    expected = [batch.tolist() for batch in unbroken]
    first = part(0, 2)
    next(iter(first))
    state = first.state_dict()
    assert state["items"] == 8
    alone = part(0, 1)
    alone.load_state_dict(state)
    assert [batch.tolist() for batch in alone] == expected[1:]
    four = [part(rank, 4) for rank in range(4)]
    rest = []
    for loader in four:
        loader.load_state_dict(state)
        rest.append([batch.tolist() for batch in loader])
    for step, batches in enumerate(zip(*rest, strict=True)):
        assert sorted(sum(batches, [])) == sorted(expected[1 + step])


def test_another_global_batch_in_the_middle_of_an_epoch_is_warned_of(caplog):
    loader = make_loader(range(24), shuffle=True, seed=5, batch_size=4)
    next(iter(loader))
    larger = make_loader(range(24), shuffle=True, seed=5, batch_size=6)
    larger.load_state_dict(loader.state_dict())
    assert "after 1 batches of 4 samples" in caplog.text
    assert sum(len(batch) for batch in larger) == 20

"""Batches of similar length."""

from collections import Counter

import numpy as np
import pytest

from nemo.collections.common.data.bucketing import LengthBuckets
from nemo.utils.exceptions import ConfigError
from tests.collections.common.data.numbered import flat, whole_epoch

LENGTHS = np.random.default_rng(1).uniform(1, 20, 101)

OPTIONS = [
    {"batch_size": 8},
    {"max_total": 60.0},
    {"max_total": 60.0, "batch_size": 5},
    {"max_total": 60.0, "max_padding": 0.1},
    {"max_total": 60.0, "quadratic": 20.0},
    {"batch_size": [16, 8, 4], "num_buckets": 3},
    {"batch_size": 8, "bounds": [5.0, 10.0]},
    {"batch_size": 8, "shuffle": False},
]


@pytest.mark.parametrize("world_size", [1, 2, 3, 7])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_sample_comes_once_and_all_processes_get_equally_many_batches(options, world_size):
    plan = LengthBuckets(LENGTHS, **options)
    for epoch in range(2):
        batches = whole_epoch(plan, world_size, epoch=epoch)
        assert Counter(flat(batches)) == Counter(range(101))
        assert {len(own) for own in batches} == {plan.count(world_size)}


@pytest.mark.parametrize("world_size", [1, 2])
def test_dynamic_batches_keep_to_the_total(world_size):
    for batch in (batch for own in whole_epoch(LengthBuckets(LENGTHS, max_total=60.0), world_size) for batch in own):
        assert len(batch) * LENGTHS[batch].max() <= 60.0
    cost = LENGTHS + LENGTHS**2 / 20
    plan = LengthBuckets(LENGTHS, max_total=60.0, quadratic=20.0)
    assert all(len(batch) == 1 or len(batch) * cost[batch].max() <= 60.0 for batch in whole_epoch(plan)[0])


def test_padding_keeps_to_its_part():
    plan = LengthBuckets(LENGTHS, batch_size=8, max_padding=0.1)
    assert all(LENGTHS[batch].min() >= 0.9 * LENGTHS[batch].max() for batch in whole_epoch(plan)[0])


def test_buckets_lie_between_their_bounds():
    plan = LengthBuckets(LENGTHS, batch_size=8, bounds=[5.0, 10.0])
    assert [bucket.longest <= bound for bucket, bound in zip(plan.buckets, [5, 10, 20], strict=True)] == [True] * 3
    assert [bucket.shortest > bound for bucket, bound in zip(plan.buckets, [0, 5, 10], strict=True)] == [True] * 3


def test_buckets_share_the_sum_of_lengths():
    sums = [LENGTHS[bucket.members].sum() for bucket in LengthBuckets(LENGTHS, batch_size=8, num_buckets=5).buckets]
    assert max(sums) - min(sums) <= 2 * LENGTHS.max()


def test_epochs_differ_and_repeat_by_seed_and_number():
    plan = LengthBuckets(LENGTHS, batch_size=8)
    assert whole_epoch(plan, epoch=1) == whole_epoch(plan, epoch=1)
    assert whole_epoch(plan, epoch=1) != whole_epoch(plan, epoch=2)
    assert whole_epoch(plan, seed=1) != whole_epoch(plan, seed=2)
    (first, *_), (second, *_) = whole_epoch(plan, epoch=1), whole_epoch(plan, epoch=2)
    assert {tuple(sorted(batch)) for batch in first} != {tuple(sorted(batch)) for batch in second}


def test_without_mixing_batches_go_from_short_to_long():
    order = flat(whole_epoch(LengthBuckets(LENGTHS, batch_size=8, shuffle=False)))
    assert order == np.argsort(LENGTHS).tolist()


def test_processes_work_on_similar_lengths_at_one_step():
    plan = LengthBuckets(LENGTHS, batch_size=4, num_buckets=10)
    one, two = whole_epoch(plan, 2)
    bucket_of = {int(index): number for number, bucket in enumerate(plan.buckets) for index in bucket.members}
    distances = [abs(bucket_of[a[0]] - bucket_of[b[0]]) for a, b in zip(one, two, strict=True)]
    assert max(distances) <= 1


def test_dropping_leaves_full_batches_of_all_lengths():
    plan = LengthBuckets(LENGTHS, batch_size=4, drop_last=True)
    seen = Counter()
    for epoch in range(20):
        batches = whole_epoch(plan, 2, epoch=epoch)
        assert {len(own) for own in batches} == {plan.count(2)}
        assert {len(batch) for own in batches for batch in own} == {4}
        seen.update(flat(batches))
    assert set(seen) == set(range(101)), "over the epochs none is always left out"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "need a batch size"),
        ({"batch_size": 0}, "whole numbers above 0"),
        ({"batch_size": [4, 2], "num_buckets": 3}, "2 batch sizes for 3 buckets"),
        ({"max_total": 0}, "Expected a number above 0"),
        ({"batch_size": 4, "num_buckets": 0}, "num_buckets is 0"),
        ({"batch_size": 4, "max_padding": 1.0}, "from 0 up to 1"),
        ({"batch_size": 4, "lengths": []}, "at least one sample"),
        ({"batch_size": 4, "lengths": [1.0, float("nan")]}, "numbers above 0"),
        ({"batch_size": 4, "lengths": [1.0, 0.0]}, "numbers above 0"),
    ],
)
def test_what_cannot_be_is_named(options, said):
    with pytest.raises(ConfigError, match=said):
        LengthBuckets(**({"lengths": LENGTHS.tolist()} | options))


@pytest.mark.parametrize(("world_size", "repeated"), [(1, 0), (2, 1), (3, 1)])
def test_samples_longer_than_a_batch_are_alone_and_repeated_where_processes_would_wait(caplog, world_size, repeated):
    plan = LengthBuckets(LENGTHS, max_total=0.5)
    batches = whole_epoch(plan, world_size)
    counts = Counter(flat(batches))
    assert set(counts) == set(range(101))
    assert sum(counts.values()) == 101 + repeated
    assert {len(batch) for own in batches for batch in own} == {1}
    assert "longer than a batch may be (0.5)" in caplog.text

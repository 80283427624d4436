from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler, TensorDataset
from torch.utils.data.distributed import DistributedSampler

from nemo.core.training.batch_description import describe_samples, describe_shapes, light, sample_keys

DATA = TensorDataset(torch.arange(11))


class EpochOrder(torch.utils.data.Sampler):
    """As the collections' samplers: a `position` with the epoch, and what a resumed run leaves out."""

    def __init__(self, position):
        self.position = position

    def __iter__(self):
        return iter(torch.randperm(11, generator=torch.Generator().manual_seed(self.position.epoch)).tolist())


class WholeBatches(EpochOrder):
    def __iter__(self):
        order = list(super().__iter__())
        return iter([order[:2], order[2:7], order[7:]])


@pytest.mark.parametrize(
    ("sampler", "batch_size"),
    [
        (SequentialSampler(DATA), 3),
        (DistributedSampler(DATA, num_replicas=2, rank=1, shuffle=True), 2),
        (EpochOrder(SimpleNamespace(epoch=4, pending=None)), 4),
        (WholeBatches(SimpleNamespace(epoch=4, pending=None)), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_keys_are_those_of_the_batches_that_the_loader_gave(sampler, batch_size):
    collate = torch.utils.data.default_collate if batch_size else None
    data = DATA if batch_size else [[number] for number in range(11)]
    loader = DataLoader(data, batch_size=batch_size, sampler=sampler, collate_fn=collate)
    if batch_size is None:
        given = list(sampler)
    else:
        getattr(sampler, "set_epoch", lambda epoch: None)(4)
        given = [batch[0].tolist() for batch in loader]
    if hasattr(sampler, "set_epoch"):
        sampler.set_epoch(7)  # it has gone on
    elif hasattr(sampler, "position"):
        sampler.position = SimpleNamespace(epoch=7, pending=(7, 3))
    assert [sample_keys(loader, 4, index) for index in range(len(given))] == given
    if hasattr(sampler, "position"):
        assert (sampler.position.epoch, sampler.position.pending) == (7, (7, 3))
    assert sample_keys(loader, 4, 99) == []


def test_order_that_chance_made_is_not_known():
    assert sample_keys(DataLoader(DATA, sampler=RandomSampler(DATA)), 0, 0) == []


def test_dataset_names_its_samples_and_several_loaders_are_not_known():
    class Named(TensorDataset):
        def describe_sample(self, key):
            return f"file{key}.wav"

    loader = DataLoader(Named(torch.arange(4)), batch_size=2)
    trainer = SimpleNamespace(train_dataloader=loader, current_epoch=0)
    assert describe_samples(trainer, object(), None, 1) == ["file2.wav", "file3.wav"]
    trainer.train_dataloader = {"a": loader, "b": loader}
    assert describe_samples(trainer, object(), None, 1) == []


def test_light_batch_keeps_shapes_and_small_tensors():
    batch = {"audio": torch.zeros(4, 40000), "ids": [torch.arange(4), "text"]}
    kept = light(batch)
    assert kept["audio"].is_meta and kept["ids"][0] is batch["ids"][0] and kept["ids"][1] == "text"
    assert describe_shapes(kept) == describe_shapes(batch) == ["float32 [4, 40000]", "int64 [4]"]

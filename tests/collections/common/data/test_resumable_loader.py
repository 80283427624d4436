"""Loaders that go on where they stopped."""

import pickle

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import Dataset

from nemo.collections.common.data.resumable_loader import SeededIndex, make_loader


class Numbers(Dataset):
    """Sample i is (i, its seed)."""

    def __len__(self):
        return 23

    def __getitem__(self, index):
        return torch.tensor([int(index), index.seed])


def batches(loader, count=None):
    taken = []
    for batch in loader:
        taken.append(batch.tolist())
        if len(taken) == count:
            break
    return taken


def loader(shuffle=True, workers=0, seed=7, **options):
    return make_loader(Numbers(), shuffle=shuffle, seed=seed, batch_size=4, num_workers=workers, **options)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drop_last", [True, False])
def test_every_sample_comes_once_an_epoch(shuffle, drop_last):
    made = loader(shuffle, drop_last=drop_last)
    first, second = batches(made), batches(made)
    seen = [index for batch in first for index, _ in batch]
    assert len(set(seen)) == len(seen) == (20 if drop_last else 23)
    assert (seen == sorted(seen)) == (not shuffle)
    assert first != second
    assert len(made) == len(first)


def test_order_and_seeds_depend_on_seed_and_epoch_only():
    reference = [batches(made := loader()), batches(made)]
    torch.manual_seed(99)
    assert [batches(made := loader(workers=2)), batches(made)] == reference
    made = loader()
    made.sampler.set_epoch(1)
    assert batches(made) == reference[1]
    assert batches(loader(seed=8)) != reference[0]


def test_the_global_generator_is_left_alone():
    made = loader(workers=0)
    before = torch.get_rng_state()
    batches(made)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [(0, 1), (0, 3), (1, 0), (1, 5), (2, 6)])
@pytest.mark.parametrize("shuffle", [True, False])
def test_a_new_loader_goes_on_where_the_old_one_stopped(workers, stop, shuffle):
    if workers and (stop != (1, 5) or not shuffle):
        return  # one case with processes is enough
    straight = loader(shuffle)
    reference = [batch for _ in range(4) for batch in batches(straight)]
    epochs, count = stop
    stopped = loader(shuffle, workers)
    taken = [batch for _ in range(epochs) for batch in batches(stopped)]
    iterator = iter(stopped)
    taken += [next(iterator).tolist() for _ in range(count)]
    state = pickle.loads(pickle.dumps(stopped.state_dict()))
    resumed = loader(shuffle, workers, seed=12345)
    resumed.load_state_dict(state)
    while len(taken) < len(reference):
        taken += batches(resumed)
    assert taken == reference


def test_an_epoch_that_the_trainer_cut_short_is_not_gone_on_with():
    straight = loader()
    batches(straight, 2)
    straight.sampler.set_epoch(1)
    reference = batches(straight, 2)
    stopped = loader()
    batches(stopped, 2)
    resumed = loader()
    resumed.load_state_dict(stopped.state_dict())
    resumed.sampler.set_epoch(1)
    assert batches(resumed, 2) == reference


def test_seeded_indices_are_integers_that_pickle():
    index = SeededIndex(5, 77)
    assert [*"abcdef"][index] == "f"
    again = pickle.loads(pickle.dumps(index))
    assert (again, again.seed) == (5, 77)


class Model(pl.LightningModule):
    """Records what it is fed."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen = []

    def training_step(self, batch, _):
        self.seen.append(batch[:, 0].tolist())
        return self.weight * 1.0

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def train_dataloader(self):
        return loader()


@pytest.mark.filterwarnings("ignore:Checkpoint directory .* is not empty")
@pytest.mark.parametrize("step", [1, 4, 6, 9, 12])
def test_lightning_resumes_with_the_very_next_batch(tmp_path, step):
    def keep():
        return pl.callbacks.ModelCheckpoint(tmp_path, every_n_train_steps=step, save_top_k=-1, filename="{step}")

    options = {
        "accelerator": "cpu",
        "max_epochs": 3,
        "logger": False,
        "log_every_n_steps": 1,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "default_root_dir": tmp_path,
    }
    straight, resumed = Model(), Model()
    pl.Trainer(callbacks=[keep()], **options).fit(straight)
    trainer = pl.Trainer(callbacks=[keep()], **options)
    trainer.fit(resumed, ckpt_path=tmp_path / f"step={step}.ckpt", weights_only=True)
    assert straight.seen[step:] == resumed.seen

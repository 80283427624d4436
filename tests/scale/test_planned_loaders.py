"""Buckets, tar files and mixtures, shared by two processes that train: each sample once in an epoch."""

import os
from collections import Counter

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.asr.data.loader import build_audio_to_text_loader
from tests.collections.asr.data.corpus import LABELS, RATE, letters, write_corpus
from tests.scale.processes import run_processes

COUNT = 13
KINDS = {
    "bucketed": {"num_buckets": 3},
    "dynamic": {"num_buckets": 3, "batch_duration": 0.3},
    "scattered tars": {"is_tarred": True, "tarred_audio_filepaths": "audio_{0..3}.tar"},
    "shared tars": {
        "is_tarred": True,
        "tarred_audio_filepaths": "audio_{0..3}.tar",
        "tarred_shard_strategy": "replicate",
    },
    "concat": {"is_concat": True, "manifest_filepath": ["m_0.json", "m_1.json", "m_2.json", "m_3.json"]},
}


class Taker(pl.LightningModule):
    """Keeps the texts of its batches."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.weight, self.taken = kind, torch.nn.Parameter(torch.ones(())), [[], []]

    def training_step(self, batch, _):
        self.taken[self.current_epoch].append(letters(batch))
        return self.weight * batch[0].mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def train_dataloader(self):
        section = {"manifest_filepath": "m.json", "sample_rate": RATE, "labels": LABELS, "batch_size": 2}
        return build_audio_to_text_loader({**section, "shuffle": True, "concat_sampling_temperature": 1, **self.kind})


def train_all(corpus):
    """Kind -> batches of this process in two epochs; the processes seed themselves differently."""
    os.chdir(corpus)
    taken = {}
    for name, kind in KINDS.items():
        torch.manual_seed(int(os.environ["RANK"]))
        model = Taker(kind)
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        trainer = pl.Trainer(
            accelerator="cpu", devices=2, strategy="ddp", max_epochs=2, enable_model_summary=False, **quiet
        )
        trainer.fit(model)
        taken[name] = model.taken
    return taken


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    corpus = write_corpus(tmp_path_factory.mktemp("corpus"), COUNT, tars=4)
    return run_processes(train_all, 2, tmp_path_factory.mktemp("two"), corpus=str(corpus))


@pytest.mark.parametrize("kind", KINDS)
def test_each_sample_is_of_one_process_in_equally_many_steps(taken, kind):
    first, second = (process[kind] for process in taken)
    for epoch in range(2):
        assert len(first[epoch]) == len(second[epoch])
        counts = Counter(letter for process in (first, second) for batch in process[epoch] for letter in batch)
        assert counts == Counter(LABELS[:COUNT])
    assert first[0] != first[1]

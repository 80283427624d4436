"""Battery R3: after a stop anywhere every sample still comes once in an epoch, in the order of an unbroken run.

Six ways of loading, without and with workers, three places to stop. A sample is known by its text; its audio is
augmented at random, and must be the same after the stop as well.
"""

import io
import json
import pickle
import tarfile
from collections import Counter

import numpy as np
import pytest
import pytorch_lightning as pl
import soundfile
import torch

from nemo.collections.asr.data.loader import build_audio_to_text_loader
from nemo.utils.exp_manager.exact_resume import ExactResume

RATE, COUNT, EPOCHS = 8000, 22, 3
LABELS = [*"abcdefghijklmnopqrstuvwxyz"]
FIRST_SET = 16  # of the recordings belong to the first of two sets, where two are mixed


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Recordings of 20 to 90 ms, a manifest, two manifests of parts, and three tar files."""
    folder = tmp_path_factory.mktemp("corpus")
    draw = np.random.default_rng(0)
    lines, packed = [], [[], [], []]
    for number in range(COUNT):
        samples = (draw.standard_normal(draw.integers(160, 720)) * 0.1).astype(np.float32)
        name = f"{number:02d}.wav"
        soundfile.write(folder / name, samples, RATE, subtype="PCM_16")
        text = LABELS[number // 5] + LABELS[number % 5]
        lines.append(json.dumps({"audio_filepath": name, "duration": len(samples) / RATE, "text": text}))
        packed[number % 3 if number < 12 else 0].append(name)
    for name, part in {"all": lines, "one": lines[:FIRST_SET], "two": lines[FIRST_SET:]}.items():
        (folder / f"{name}.json").write_text("\n".join(part) + "\n")
    for number, names in enumerate(packed):
        with tarfile.open(folder / f"audio_{number}.tar", "w") as tar:
            for name in names:
                member = tarfile.TarInfo(name)
                content = (folder / name).read_bytes()
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return folder


KINDS = {
    "map": {},
    "bucketed": {"num_buckets": 3},
    "dynamic batch": {"num_buckets": 3, "batch_duration": 0.3},
    "tar shards": {"is_tarred": True, "tarred_audio_filepaths": "audio__OP_0..2_CL_.tar", "shuffle_n": 5},
    "concat": {"is_concat": True, "concat_sampling_temperature": 2},
    "lhotse": {"use_lhotse": True, "batch_duration": 0.3, "use_bucketing": True, "num_buckets": 3, "seed": 5},
}


def loader(corpus, kind, workers=0):
    section = {
        "manifest_filepath": str(corpus / "all.json"),
        "sample_rate": RATE,
        "labels": LABELS,
        "batch_size": 4,
        "shuffle": True,
        "num_workers": workers,
        "augmentor": {"white_noise": {"prob": 0.5}, "gain": {"prob": 1.0}},
        **KINDS[kind],
    }
    if kind == "tar shards":
        section["tarred_audio_filepaths"] = str(corpus / section["tarred_audio_filepaths"])
    if kind == "concat":
        section["manifest_filepath"] = [str(corpus / "one.json"), str(corpus / "two.json")]
    if kind == "lhotse":
        del section["augmentor"]
    return build_audio_to_text_loader(section)


def seen(batch):
    """The samples of a batch: text, and what the audio adds up to."""
    audio, _, tokens, lengths = batch[:4]
    texts = ["".join(LABELS[index] for index in row[:length]) for row, length in zip(tokens, lengths, strict=True)]
    return list(zip(texts, audio.abs().sum(dim=1).tolist(), strict=True))


def unbroken(corpus, kind):
    torch.manual_seed(3)
    made = loader(corpus, kind)
    return [[seen(batch) for batch in made] for _ in range(EPOCHS)]


@pytest.fixture(scope="module")
def references(corpus):
    return {kind: unbroken(corpus, kind) for kind in KINDS}


def expected_of_an_epoch(kind, epochs):
    """Whether the multisets of ids of all epochs are what the kind of loader promises."""
    texts = [LABELS[number // 5] + LABELS[number % 5] for number in range(COUNT)]
    if kind != "concat":
        return [Counter(texts)] * EPOCHS
    # shares by hand: sqrt(16) to sqrt(6) of 22 are 13.64 and 8.36; of each set one pass after the other
    ones, twos = Counter(texts[:FIRST_SET]), Counter(texts[FIRST_SET:])
    for number, epoch in enumerate(epochs, start=1):
        assert sum(epoch[text] for text in ones) == 14
        assert sum(epoch[text] for text in twos) == 8
        total = sum(epochs[:number], Counter())
        assert {total[text] for text in ones} <= {14 * number // 16, -(-14 * number // 16)}
        assert {total[text] for text in twos} <= {8 * number // 6, -(-8 * number // 6)}
    return epochs


@pytest.mark.battery("R3")
@pytest.mark.parametrize("stop", [(0, 3), (1, 1), (2, 4)])
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_loader_goes_on_with_the_very_next_batch(corpus, references, kind, workers, stop):
    reference = references[kind]
    torch.manual_seed(3)
    stopped = loader(corpus, kind, workers)
    epochs, batches = stop
    taken = [[seen(batch) for batch in stopped] for _ in range(epochs)]
    iterator = iter(stopped)
    part = [seen(next(iterator)) for _ in range(batches)]
    state = pickle.loads(pickle.dumps(stopped.state_dict()))
    iterator.close()
    torch.manual_seed(999)
    resumed = loader(corpus, kind, workers)
    resumed.load_state_dict(state)
    taken.append(part + [seen(batch) for batch in resumed])
    while len(taken) < EPOCHS:
        taken.append([seen(batch) for batch in resumed])
    assert taken == reference
    counts = [Counter(text for batch in epoch for text, _ in batch) for epoch in taken]
    assert counts == expected_of_an_epoch(kind, counts)
    assert taken[0] != taken[1]


class Recorder(pl.LightningModule):
    """Keeps what it was fed, and its losses."""

    def __init__(self, corpus, kind):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.corpus, self.kind, self.steps = corpus, kind, []

    def training_step(self, batch, _):
        loss = (self.weight * batch[0]).pow(2).mean() + torch.rand(())
        self.steps.append((seen(batch), loss.item()))
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def train_dataloader(self):
        return loader(self.corpus, self.kind)


@pytest.mark.battery("R3")
@pytest.mark.filterwarnings("ignore:Checkpoint directory .* is not empty")
@pytest.mark.parametrize("kind", ["bucketed", "dynamic batch", "tar shards", "concat"])
def test_a_trainer_goes_on_with_the_very_next_batch_and_the_same_loss(tmp_path, corpus, kind):
    def trainer():
        keep = pl.callbacks.ModelCheckpoint(tmp_path, every_n_train_steps=4, save_top_k=-1, filename="{step}")
        return pl.Trainer(
            accelerator="cpu",
            max_epochs=2,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=tmp_path,
            callbacks=[keep, ExactResume()],
        )

    torch.manual_seed(1)
    straight, resumed = Recorder(corpus, kind), Recorder(corpus, kind)
    trainer().fit(straight)
    torch.manual_seed(77)
    trainer().fit(resumed, ckpt_path=tmp_path / "step=4.ckpt", weights_only=True)
    assert resumed.steps == straight.steps[4:]
    ids = Counter(text for batch, _ in straight.steps for text, _ in batch)
    assert kind == "concat" or set(ids.values()) == {2}

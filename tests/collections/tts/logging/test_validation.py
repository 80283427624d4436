"""What models show while they are validated, to a logger that keeps it."""

import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer
from pytorch_lightning.loggers.logger import DummyLogger

from nemo.collections.tts.logging.pictures import SMALLEST
from nemo.collections.tts.models import AlignerModel, VitsModel
from tests.collections.tts.models import test_aligner, test_vits
from tests.collections.tts.models.test_fastpitch import batch_of_tones


class Keeper(DummyLogger):
    """Keeps pictures and sounds by name."""

    def __init__(self):
        super().__init__()
        self.images, self.audio = {}, {}

    def log_image(self, key, images, step):
        self.images.setdefault(key, []).append((step, images[0]))

    def log_audio(self, key, audios, step, sample_rate):
        self.audio.setdefault(key, []).append((sample_rate[0], audios[0]))


def validated(model, epochs=1):
    """What a logger was given in a short training."""
    keeper, batch = Keeper(), batch_of_tones(model)
    trainer = Trainer(
        max_epochs=epochs, accelerator="cpu", logger=keeper, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=1, log_every_n_steps=1,
    )  # fmt: skip
    model.set_trainer(trainer)
    loaders = [torch.utils.data.DataLoader([batch] * number, batch_size=None) for number in (1, 2)]
    trainer.fit(model, *loaders)
    return keeper, batch


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
def test_aligner_shows_soft_and_hard_alignments_once_an_epoch():
    model = AlignerModel(test_aligner.CONFIG)
    keeper, batch = validated(model, epochs=2)
    assert set(keeper.images) == {f"val_{kind}_alignment_{row}" for kind in ("soft", "hard") for row in (0, 1)}
    assert [step for step, _ in keeper.images["val_hard_alignment_1"]] == [1, 2]
    with torch.no_grad():
        (soft, lens), _ = model._losses(batch)
    tokens, frames = int(batch["text_lens"][1]), int(lens[1])
    hard = model._harden(soft, batch["text_lens"], lens)[1, 0, :frames, :tokens].T.numpy()
    tall, wide = (-(-SMALLEST // size) for size in hard.shape)
    picture = keeper.images["val_hard_alignment_1"][1][1].astype(int).sum(2)
    bright = (picture > 500)[::tall, ::wide][::-1]  # the first token is at the bottom
    np.testing.assert_array_equal(bright, hard == 1)


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
def test_vits_shows_recordings_beside_what_it_says():
    model = VitsModel(test_vits.CONFIG)
    keeper, batch = validated(model)
    names = {f"{name}_{row}" for name in ("val_mel", "val_alignment") for row in (0, 1)}
    assert set(keeper.images) == names
    assert set(keeper.audio) == {f"{name}_{row}" for name in ("val_recorded", "val_generated") for row in (0, 1)}
    rate, recorded = keeper.audio["val_recorded_1"][0]
    assert rate == model.sample_rate
    np.testing.assert_allclose(recorded, batch["audio"][1, : int(batch["audio_lens"][1])], atol=1e-6)
    _, generated = keeper.audio["val_generated_0"][0]
    assert len(generated) % 64 == 0
    assert np.abs(generated).max() <= 1

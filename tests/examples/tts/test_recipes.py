"""Every recipe of examples/tts, at toy size: builds, learns one batch, saves, restores, speaks, exports.

A new recipe needs one line in :data:`RECIPES`. If its model is of a new kind, write a :class:`Kind`: which class it is,
and a function that lets a model do what it is for (text -> spectrogram, spectrogram -> audio, ...). If it is not small
or lacks files, add the keys that make it so to toy_recipes.py.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
import torch

from nemo.core.classes.exportable import Exportable
from nemo.core.classes.serialization import locate
from nemo.core.config import schema
from tests.collections.tts.g2p.test_chinese import lazy_pinyin
from tests.examples.losses import Losses
from tests.examples.tts.toy_recipes import BANDS, G2P_NAMES, NAMES, TEXTS, read, shrink


@dataclass(frozen=True)
class Kind:
    """A class of models, and what is done with them."""

    target: str
    """Path of the class."""
    use: Callable
    """model -> tensor: what the model is for; called with a fixed seed."""
    loss: str | None = None
    """Logged name of what is to fall; None: the loss that the training step returns."""
    steps: int = 6
    lr: float = 0.01


# ------------------------------------------------------------------------------------------- what models are there for


def text_to_spectrogram(model):
    speaker = 1 if model.cfg.get("n_speakers", 1) > 1 else None
    heard = {"reference_spec": torch.randn(1, BANDS, 30)} if model.cfg.get("speaker_encoder") else {}
    return model.generate_spectrogram(tokens=model.parse(text_of(model)), speaker=speaker, **heard)


def written_text_to_spectrogram(model):
    return model.generate_spectrogram(raw_texts=[text_of(model)])


def text_to_audio(model):
    speakers = torch.tensor([1]) if model.cfg.n_speakers > 1 else None
    return model.convert_text_to_waveform(tokens=model.parse(text_of(model)), speakers=speakers)


def spectrogram_to_audio(model):
    return model.convert_spectrogram_to_audio(spec=torch.randn(1, BANDS, 20))


def durations_of_tokens(model):
    tokens = model.parse(text_of(model))
    lengths = {"spec_len": torch.tensor([40]), "text_len": torch.tensor([tokens.shape[1]])}
    return model.durations(spec=torch.randn(1, BANDS, 40), text=tokens, **lengths)


def audio_through_tokens(model):
    tokens, lengths = model.encode(audio=torch.randn(1, 800), audio_len=torch.tensor([800]))
    return model.decode(tokens=tokens, tokens_len=lengths)[0]


def enhanced_spectrogram(model):
    return model(input_spectrograms=torch.randn(1, BANDS, 20), lengths=torch.tensor([20]))


def text_of(model):
    return "你好" if "Chinese" in model.cfg.text_tokenizer._target_ else TEXTS[1]


ALIGNER = Kind("nemo.collections.tts.models.AlignerModel", durations_of_tokens, loss="train_forward_sum_loss")
FASTPITCH = Kind("nemo.collections.tts.models.FastPitchModel", text_to_spectrogram)
CODEC = Kind("nemo.collections.tts.models.AudioCodecModel", audio_through_tokens, loss="g_loss_mel_l1", lr=0.002)
ENHANCER = Kind("nemo.collections.tts.models.SpectrogramEnhancerModel", enhanced_spectrogram, loss="c_loss")
HIFIGAN = Kind("nemo.collections.tts.models.HifiGanModel", spectrogram_to_audio, loss="g_l1_loss")
MIXER_TTS = Kind("nemo.collections.tts.models.MixerTTSModel", written_text_to_spectrogram)
TACOTRON2 = Kind("nemo.collections.tts.models.Tacotron2Model", text_to_spectrogram)
VITS = Kind("nemo.collections.tts.models.VitsModel", text_to_audio, loss="loss_mel")
UNIVNET = Kind("nemo.collections.tts.models.UnivNetModel", spectrogram_to_audio, loss="g_loss_mag")
WAVEGLOW = Kind("nemo.collections.tts.models.WaveGlowModel", spectrogram_to_audio)

RECIPES: dict[str, Kind] = {
    "conf/aligner": ALIGNER,
    "conf/asterisk/fastpitch_asterisk": FASTPITCH,
    "conf/asterisk/hifigan_asterisk": HIFIGAN,
    "conf/audio_codec/audio_codec_16000": CODEC,
    "conf/audio_codec/encodec_24000": CODEC,
    "conf/de/fastpitch_align_22050_grapheme": FASTPITCH,
    "conf/de/fastpitch_align_22050_mix": FASTPITCH,
    "conf/de/fastpitch_align_44100_grapheme": FASTPITCH,
    "conf/de/fastpitch_align_44100_phoneme": FASTPITCH,
    "conf/es/fastpitch_align_44100": FASTPITCH,
    "conf/es/fastpitch_align_44100_ipa": FASTPITCH,
    "conf/es/fastpitch_align_44100_ipa_multi": FASTPITCH,
    "conf/fastpitch/fastpitch_22050": FASTPITCH,
    "conf/fastpitch/fastpitch_44100": FASTPITCH,
    "conf/fastpitch_align_22050_gst": FASTPITCH,
    "conf/fastpitch_align_44100": FASTPITCH,
    "conf/fastpitch_align_ipa": FASTPITCH,
    "conf/fastpitch_align_v1.05": FASTPITCH,
    "conf/hifigan/hifigan": HIFIGAN,
    "conf/hifigan/hifigan_44100": HIFIGAN,
    "conf/hifigan_dataset/hifigan_22050": HIFIGAN,
    "conf/hifigan_dataset/hifigan_44100": HIFIGAN,
    "conf/mixer-tts": MIXER_TTS,
    "conf/mixer-tts-x": MIXER_TTS,
    "conf/spectrogram-enhancer": ENHANCER,
    "conf/tacotron2": TACOTRON2,
    "conf/tacotron2_44100": TACOTRON2,
    "conf/univnet/univnet": UNIVNET,
    "conf/vits": VITS,
    "conf/vits_44100": VITS,
    "conf/waveglow": WAVEGLOW,
    "conf/zh/fastpitch_align_22050": FASTPITCH,
    "conf/zh/fastpitch_align_multispeaker_22050": FASTPITCH,
}
"""One line for each recipe."""
WITHOUT_MODEL: dict[str, str] = {
    "conf/fastpitch/feature/feature_22050": "features of the recipes beside it",
    "conf/fastpitch/feature/feature_44100": "features of the recipes beside it",
    **{f"conf/hifigan/model/generator/{name}": "generators to choose from" for name in ("v1", "v1_44100", "v2", "v3")},
    **{f"conf/univnet/model/generator/{name}": "generators to choose from" for name in ("c16", "c32")},
    **{
        f"conf/{vocoder}/model/{name}{kind}": "recordings, and recordings with predicted spectrograms"
        for vocoder in ("hifigan", "univnet")
        for name in ("train_ds/train_ds", "validation_ds/val_ds")
        for kind in ("", "_finetune")
    },
}
"""YAML files that are parts of recipes or settings of scripts -> what they are."""
NOT_EXPORTED: dict[str, str] = {}
"""Class -> why its ONNX file would not be right."""


# ------------------------------------------------------------------------------------------------------------- harness


def trained(recipe, folder):
    """The shrunk model after a few steps on one batch, and its losses."""
    kind = RECIPES[recipe]
    cfg = shrink(read(recipe), folder)
    losses = Losses(kind.loss)
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=[losses], max_epochs=kind.steps, check_val_every_n_epoch=kind.steps,
        limit_train_batches=1, num_sanity_val_steps=0,
    )  # fmt: skip
    model = locate(kind.target)(cfg=cfg.model, trainer=trainer)
    assert model.setup_optimization() is not None  # the recipe's own optimizer and schedule can be built
    model.cfg.optim = {"name": "adamw", "lr": kind.lr, "weight_decay": 0.0}
    trainer.fit(model)
    assert torch.isfinite(trainer.callback_metrics[cfg.exp_manager.checkpoint_callback_params.monitor])
    return model.eval(), losses.values


def used(kind, model):
    torch.manual_seed(0)
    return kind.use(model)


@pytest.fixture(autouse=True)
def _pinyin(monkeypatch):
    """Stands in for the package, so that the tests do not need it."""
    style = SimpleNamespace(TONE3="TONE3")
    monkeypatch.setitem(sys.modules, "pypinyin", SimpleNamespace(lazy_pinyin=lazy_pinyin, Style=style))


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
@pytest.mark.parametrize("recipe", RECIPES)
def test_recipe_learns_saves_speaks_and_exports(recipe, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(schema, "_reported", set())
    kind = RECIPES[recipe]
    model, losses = trained(recipe, tmp_path)
    assert not [each for each in caplog.records if "is kept and not used" in each.getMessage()]  # keys are known
    assert len(losses) == kind.steps
    assert min(losses[-2:]) < losses[0]
    model.save_to(str(tmp_path / "model.nemo"))
    restored = type(model).restore_from(str(tmp_path / "model.nemo")).eval()
    for name, tensor in model.state_dict().items():
        assert torch.equal(restored.state_dict()[name], tensor), name
    result = used(kind, restored)
    assert result.numel()
    assert torch.isfinite(result).all()
    assert torch.equal(result, used(kind, model))
    if isinstance(restored, Exportable) and type(restored).__name__ not in NOT_EXPORTED:
        examples = [restored.input_example(), restored.input_example(1, 30)]
        several = len(restored.list_export_subnets()) > 1  # each has an example of its own
        restored.export(tmp_path / "model.onnx", check_trace=several or examples, check_tolerance=1e-3)


def test_every_recipe_has_a_line():
    assert sorted([*RECIPES, *WITHOUT_MODEL, *G2P_NAMES]) == NAMES

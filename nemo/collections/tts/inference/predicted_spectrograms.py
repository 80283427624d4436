"""What a synthesis model makes of a recording's text with the recording's own timing: what vocoders are fine-tuned on.

Predicted spectrograms are smoother than recorded ones. A vocoder that hears them while training, beside the recording
that they stand for, learns to undo that. Both must have the same frames, so durations come from the recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from nemo.collections.tts.data.frames import fit_frames
from nemo.collections.tts.data.tts_dataset import TTSDataset
from nemo.collections.tts.inference.mel_settings import features_of
from nemo.collections.tts.models.fastpitch import FastPitchModel
from nemo.collections.tts.models.mixer_tts import MixerTTSModel
from nemo.collections.tts.models.tacotron2 import Tacotron2Model
from nemo.utils.exceptions import ConfigError


def recordings_for(model: Any, manifest: str, durations_file: str | None = None) -> TTSDataset:
    """The recordings of a manifest with all that a model needs to follow them.

    Args:
        model: of a kind that :func:`predicted_spectrograms` knows.
        manifest: its texts; silence is not cut, and no recording is left out.
        durations_file: frames of tokens by recording, for a FastPitch that has not learnt alignments; see
            :class:`~nemo.collections.tts.data.tts_dataset.TTSDataset`.

    Raises:
        ConfigError: the model is of another kind, or needs durations.
        ManifestError: names the line.
    """
    _follower(model)
    cfg, features = model.cfg, features_of(model)
    assert features is not None  # all of these kinds have them
    kinds = []
    if isinstance(model, FastPitchModel) and not cfg.learn_alignment:
        if durations_file is None:
            raise ConfigError(
                "The FastPitch has not learnt alignments (model.learn_alignment: false), and no durations are given. "
                "Give the file with the durations of tokens that it was trained with."
            )
        kinds.append("durations")
    elif not isinstance(model, Tacotron2Model):
        kinds.append("align_prior_matrix")
    if cfg.get("n_speakers", 1) > 1:
        kinds.append("speaker_id")
    return TTSDataset(
        manifest,
        sample_rate=cfg.preprocessor.sample_rate,
        text_tokenizer=model.vocab,
        text_normalizer=getattr(model, "text_normalizer_call", None),
        sup_data_types=kinds,
        n_fft=features.n_fft,
        win_length=features.win_length,
        hop_length=features.hop_length,
        durs_file=durations_file,
    )


@torch.no_grad()
def predicted_spectrograms(model: Any, recordings: TTSDataset) -> Iterator[Tensor]:
    """The spectrogram [D, F] of each recording, in order, with as many frames as the recording's own.

    Args:
        model: a FastPitch, Mixer-TTS or Tacotron 2 in evaluation mode; one that hears voices hears the recording.
        recordings: as :func:`recordings_for` gives them.

    Raises:
        ConfigError: the model is of another kind.
    """
    follow = _follower(model)
    for index in range(len(recordings)):
        batch = recordings.collate_fn([recordings[index]])
        yield follow(model, {name: value.to(model.device) for name, value in batch.items()})[0]


def _fastpitch(model: FastPitchModel, batch: dict[str, Tensor]) -> Tensor:
    mels, mel_lens = model.preprocessor(input_signal=batch["audio"], length=batch["audio_lens"])
    batch = fit_frames(batch, mels.shape[2])
    heard = {"reference_spec": mels, "reference_spec_lens": mel_lens} if model.fastpitch.hears_voices else {}
    return model(
        text=batch["text"],
        durs=batch.get("durations"),
        speaker=batch.get("speaker_id"),
        spec=mels if model.cfg.learn_alignment else None,
        attn_prior=batch.get("align_prior_matrix"),
        mel_lens=mel_lens,
        input_lens=batch["text_lens"],
        **heard,
    ).spect


def _mixer_tts(model: MixerTTSModel, batch: dict[str, Tensor]) -> Tensor:
    if model.cfg.cond_on_lm_embeddings:
        raise ConfigError(
            "The Mixer-TTS has a language model (cond_on_lm_embeddings), which is not supported here. Use one without "
            "it, or a FastPitch."
        )
    mels, mel_lens = model.preprocessor(input_signal=batch["audio"], length=batch["audio_lens"])
    prior = fit_frames(batch, mels.shape[2])["align_prior_matrix"]
    return model(
        text=batch["text"], text_len=batch["text_lens"], spect=mels, spect_len=mel_lens, attn_prior=prior
    ).spect


def _tacotron2(model: Tacotron2Model, batch: dict[str, Tensor]) -> Tensor:
    recorded, _ = model.audio_to_melspec_precessor(batch["audio"], batch["audio_lens"])
    encoded = model.encoder(model.text_embedding(batch["text"]).transpose(1, 2), batch["text_lens"])
    frames, *_ = model.decoder(encoded, batch["text_lens"], recorded)  # each frame follows the recorded ones
    return model.postnet(frames)


FOLLOWERS: dict[type, Callable[[Any, dict[str, Tensor]], Tensor]] = {
    FastPitchModel: _fastpitch,
    MixerTTSModel: _mixer_tts,
    Tacotron2Model: _tacotron2,
}


def _follower(model: Any) -> Callable[[Any, dict[str, Tensor]], Tensor]:
    for kind, follow in FOLLOWERS.items():
        if isinstance(model, kind):
            return follow
    names = ", ".join(kind.__name__ for kind in FOLLOWERS)
    raise ConfigError(
        f"{type(model).__name__} cannot follow the timing of a recording. Expected one of {names}; give one."
    )

"""Where speech begins and ends in a recording."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch

from nemo.collections.common.audio.resample import resample
from nemo.collections.common.audio.trim import frame_rms
from nemo.core.archive.targets import buildable_from_archives
from nemo.core.classes.model_pt import ModelPT
from nemo.utils.exceptions import ConfigError


class AudioTrimmer(ABC):
    """Finds speech and cuts what is around it.

    Args:
        pad_seconds: kept on both sides of it.
    """

    def __init__(self, pad_seconds: float) -> None:
        self.pad_seconds = pad_seconds

    def trim_audio(self, audio: np.ndarray, sample_rate: int, audio_id: str = "") -> tuple[np.ndarray, int, int]:
        """The speech in audio [T], and its first and last + 1 sample there; all of it where there is no speech.

        Args:
            audio: [T].
            sample_rate: Hz.
            audio_id: names it in messages.
        """
        start, end = self.speech(audio, sample_rate)
        if end <= start:
            return audio, 0, len(audio)
        start, end = pad_sample_indices(start, end, len(audio), sample_rate, self.pad_seconds)
        return audio[start:end], start, end

    @abstractmethod
    def speech(self, audio: np.ndarray, sample_rate: int) -> tuple[int, int]:
        """First and last + 1 sample of speech; equal where there is none."""


@buildable_from_archives
class EnergyAudioTrimmer(AudioTrimmer):
    """Speech is what is loud.

    Args:
        db_threshold: dB below the loudest frame where silence begins.
        speech_frame_threshold: so many loud frames in a row are speech.
        trim_win_length: samples of a frame.
        trim_hop_length: samples between frames.
        pad_seconds: kept on both sides.
    """

    def __init__(
        self,
        db_threshold: float = 50.0,
        speech_frame_threshold: int = 1,
        trim_win_length: int = 4096,
        trim_hop_length: int = 1024,
        pad_seconds: float = 0.1,
    ) -> None:
        super().__init__(pad_seconds)
        self.db_threshold, self.speech_frame_threshold = db_threshold, speech_frame_threshold
        self.win_length, self.hop_length = trim_win_length, trim_hop_length

    def speech(self, audio: np.ndarray, sample_rate: int) -> tuple[int, int]:
        """First and last + 1 sample of what is loud."""
        loudness = frame_rms(audio[:, None], self.win_length, self.hop_length)[:, 0]
        is_loud = loudness > loudness.max(initial=0.0) * 10 ** (-self.db_threshold / 20)
        first, last = get_start_and_end_of_speech_frames(is_loud, self.speech_frame_threshold)
        return first * self.hop_length, min(last * self.hop_length, len(audio))


class VadAudioTrimmer(AudioTrimmer):
    """Speech is what a model of voice activity says.

    Args:
        model_name: archive of a model that gives logits [B, F, 2] of silence and speech for audio, as those of
            EncDecFrameClassificationModel do; or the model.
        vad_sample_rate: Hz that it takes.
        vad_threshold: probability above which a frame is speech.
        device: where it computes.
        speech_frame_threshold: so many frames of speech in a row count.
        pad_seconds: kept on both sides.
    """

    def __init__(
        self,
        model_name: str | ModelPT,
        vad_sample_rate: int = 16000,
        vad_threshold: float = 0.5,
        device: str = "cpu",
        speech_frame_threshold: int = 5,
        pad_seconds: float = 0.1,
    ) -> None:
        super().__init__(pad_seconds)
        model = ModelPT.restore_from(model_name, map_location=device) if isinstance(model_name, str) else model_name
        self.vad_model = model.eval().to(device)
        self.vad_sample_rate, self.vad_threshold, self.device = vad_sample_rate, vad_threshold, device
        self.speech_frame_threshold = speech_frame_threshold

    def speech(self, audio: np.ndarray, sample_rate: int) -> tuple[int, int]:
        """First and last + 1 sample of what the model takes for speech."""
        heard = torch.from_numpy(resample(audio.astype(np.float32), sample_rate, self.vad_sample_rate).copy())[None]
        with torch.no_grad():
            logits = self.vad_model(
                input_signal=heard.to(self.device), input_signal_length=torch.tensor([heard.shape[1]]).to(self.device)
            )
        if logits.ndim != 3 or logits.shape[-1] != 2:
            raise ConfigError(
                f"{type(self.vad_model).__name__} gives {list(logits.shape)} for a recording. VadAudioTrimmer expects "
                "logits [1, F, 2] of silence and speech in each frame; give the archive of such a model."
            )
        probability = torch.softmax(logits[0].float(), dim=-1)[:, 1].cpu().numpy()
        first, last = get_start_and_end_of_speech_frames(probability > self.vad_threshold, self.speech_frame_threshold)
        samples = len(audio) / max(len(probability), 1)
        return int(first * samples), int(last * samples)


def get_start_and_end_of_speech_frames(is_speech: np.ndarray, speech_frame_threshold: int) -> tuple[int, int]:
    """First and last + 1 frame of speech; both 0 where there is none.

    Args:
        is_speech: [F] bool.
        speech_frame_threshold: so many frames in a row count.
    """
    windows = np.convolve(is_speech.astype(int), np.ones(speech_frame_threshold, dtype=int), mode="valid")
    (starts,) = np.nonzero(windows == speech_frame_threshold)
    if len(is_speech) < speech_frame_threshold or starts.size == 0:
        return 0, 0
    return int(starts[0]), int(starts[-1]) + speech_frame_threshold


def pad_sample_indices(
    start_sample: int, end_sample: int, max_sample: int, sample_rate: int, pad_seconds: float
) -> tuple[int, int]:
    """A stretch of samples, longer by `pad_seconds` on both sides, within 0 and `max_sample`."""
    pad = int(pad_seconds * sample_rate)
    return max(start_sample - pad, 0), min(end_sample + pad, max_sample)

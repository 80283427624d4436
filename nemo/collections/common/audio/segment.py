"""A piece of audio with its sample rate, which augmentation changes in place."""

from __future__ import annotations

import random

import numpy as np

from nemo.collections.common.audio.io import AudioSource, ChannelSelector, audio_duration, read_samples, select_channels
from nemo.collections.common.audio.resample import resample
from nemo.collections.common.audio.trim import Reference, trim_silence

_LARGEST_GAIN_DB = 300.0


class AudioSegment:
    """Mono or multi-channel audio.

    Args:
        samples: [T] or [T, C]; integers are scaled to between -1 and 1.
        sample_rate: of `samples`, in Hz.
        target_sr: rate to change to; None keeps `sample_rate`.
        trim: cut silence from both ends.
        trim_ref: reference level of `trim`.
        trim_top_db: how far below the reference silence begins.
        trim_frame_length: samples in a frame of `trim`.
        trim_hop_length: samples between its frames.
        orig_sr: rate the audio had before it was stored, for augmentation that wants to know; not used here.
        channel_selector: channels to keep: a number, a list of numbers, ``"average"``, or None for all.
        normalize_db: root mean square level to bring the audio to, in dB; None leaves it.
        ref_channel: channel whose level counts for `normalize_db`; None for the mean over channels.
    """

    def __init__(
        self,
        samples: np.ndarray,
        sample_rate: int,
        target_sr: int | None = None,
        trim: bool = False,
        trim_ref: Reference = np.max,
        trim_top_db: float = 60.0,
        trim_frame_length: int = 2048,
        trim_hop_length: int = 512,
        orig_sr: int | None = None,
        channel_selector: ChannelSelector = None,
        normalize_db: float | None = None,
        ref_channel: int | None = None,
    ) -> None:
        samples = select_channels(_as_float32(samples), channel_selector, "The audio")
        if target_sr is not None and target_sr != sample_rate:
            samples = resample(samples, sample_rate, target_sr)
            sample_rate = target_sr
        if trim:
            samples = trim_silence(samples, trim_top_db, trim_ref, trim_frame_length, trim_hop_length)
        self._samples = samples
        self._sample_rate = sample_rate
        self._orig_sr = orig_sr if orig_sr is not None else sample_rate
        self._ref_channel = ref_channel
        if normalize_db is not None:
            self.normalize_db(normalize_db, ref_channel)

    @classmethod
    def from_file(
        cls,
        audio_file: AudioSource | list[str],
        target_sr: int | None = None,
        int_values: bool = False,
        offset: float = 0,
        duration: float = 0,
        trim: bool = False,
        trim_ref: Reference = np.max,
        trim_top_db: float = 60.0,
        trim_frame_length: int = 2048,
        trim_hop_length: int = 512,
        orig_sr: int | None = None,
        channel_selector: ChannelSelector = None,
        normalize_db: float | None = None,
        ref_channel: int | None = None,
    ) -> AudioSegment:
        """Reads a file, or the part of it that begins at `offset` seconds and is `duration` seconds long.

        `audio_file` may be a list: one file for each microphone, of equal length. `duration` 0 reads to the end;
        `target_sr` None keeps the file's rate. `int_values` is not used: samples are the same whether they are read as
        integers or not. All other arguments are those of the class.

        Raises:
            AudioFileError: the file cannot be read; names it.
        """
        files = audio_file if isinstance(audio_file, list) else [audio_file]
        if len(files) == 1:
            samples, rate = read_samples(files[0], offset, duration, channel_selector)
        else:
            channels, rates = zip(*(read_samples(file, offset, duration) for file in files), strict=True)
            if len({channel.shape for channel in channels}) != 1 or len(set(rates)) != 1 or channels[0].ndim != 1:
                raise ValueError(
                    f"The files {', '.join(map(str, files))} have shapes {[channel.shape for channel in channels]} and "
                    f"rates {list(rates)}. Expected one channel each, of the same length and rate; make them equal."
                )
            samples, rate = select_channels(np.stack(channels, axis=1), channel_selector, str(files[0])), rates[0]
        return cls(
            samples,
            rate,
            target_sr=target_sr,
            trim=trim,
            trim_ref=trim_ref,
            trim_top_db=trim_top_db,
            trim_frame_length=trim_frame_length,
            trim_hop_length=trim_hop_length,
            orig_sr=orig_sr,
            normalize_db=normalize_db,
            ref_channel=ref_channel,
        )

    @classmethod
    def segment_from_file(
        cls,
        audio_file: AudioSource,
        target_sr: int | None = None,
        n_segments: int = 0,
        trim: bool = False,
        orig_sr: int | None = None,
        channel_selector: ChannelSelector = None,
        offset: float | None = None,
    ) -> AudioSegment:
        """Reads `n_segments` samples of a file (counted at `target_sr`) from `offset`, or from a random place.

        A shorter file is read whole.
        """
        length = audio_duration(audio_file)
        duration = n_segments / target_sr if n_segments and target_sr else 0.0
        if offset is None:
            offset = random.uniform(0.0, max(length - duration, 0.0)) if duration else 0.0
        segment = cls.from_file(
            audio_file, target_sr, offset=offset, duration=duration, orig_sr=orig_sr, channel_selector=channel_selector
        )
        if trim:
            segment._samples = trim_silence(segment._samples)
        if n_segments:
            segment._samples = segment._samples[:n_segments]
        return segment

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AudioSegment):
            return NotImplemented
        return self._sample_rate == other._sample_rate and np.array_equal(self._samples, other._samples)

    __hash__ = None  # type: ignore[assignment]  # changed in place

    def __repr__(self) -> str:
        return (
            f"AudioSegment({self.num_samples} samples, {self.num_channels} channels, {self._sample_rate} Hz, "
            f"{self.duration:.2f} s)"
        )

    @property
    def samples(self) -> np.ndarray:
        """A copy of the samples, [T] or [T, C]."""
        return self._samples.copy()

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self._sample_rate

    @property
    def orig_sr(self) -> int:
        """Rate of the recording before it was stored, in Hz."""
        return self._orig_sr

    @property
    def num_samples(self) -> int:
        """Samples of one channel."""
        return int(self._samples.shape[0])

    @property
    def num_channels(self) -> int:
        """Channels; 1 for mono."""
        return 1 if self._samples.ndim == 1 else int(self._samples.shape[1])

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.num_samples / float(self._sample_rate)

    @property
    def rms_db(self) -> float | np.ndarray:
        """Root mean square level in dB, one for each channel; -inf for silence."""
        with np.errstate(divide="ignore"):
            level = 10.0 * np.log10(np.mean(np.square(self._samples, dtype=np.float64), axis=0))
        return float(level) if self._samples.ndim == 1 else level

    def is_empty(self) -> bool:
        """Whether every sample is zero, or there is none."""
        return not self._samples.any()

    def gain_db(self, gain: float) -> None:
        """Amplifies in place by `gain` dB."""
        self._samples = (self._samples * 10.0 ** (gain / 20.0)).astype(np.float32)

    def normalize_db(self, target_db: float = -20.0, ref_channel: int | None = None) -> None:
        """Amplifies in place to a root mean square level of `target_db`; silence stays as it is."""
        if self.is_empty():
            return
        level = self.rms_db
        if isinstance(level, np.ndarray):
            level = float(level.mean() if ref_channel is None else level[ref_channel])
        self.gain_db(min(target_db - level, _LARGEST_GAIN_DB))

    def pad(self, pad_size: int, symmetric: bool = False) -> None:
        """Adds `pad_size` zero samples in place: at the end, or at both ends."""
        before = pad_size if symmetric else 0
        self._samples = np.pad(self._samples, [(before, pad_size)] + [(0, 0)] * (self._samples.ndim - 1))

    def subsegment(self, start_time: float | None = None, end_time: float | None = None) -> None:
        """Keeps in place what lies between two times in seconds; negative ones count from the end.

        Raises:
            ValueError: the times lie outside the audio or in the wrong order.
        """
        start = 0.0 if start_time is None else start_time
        end = self.duration if end_time is None else end_time
        start = start + self.duration if start < 0 else start
        end = end + self.duration if end < 0 else end
        if not 0 <= start <= end or end > self.duration + 0.5 / self._sample_rate:
            raise ValueError(
                f"Cannot keep {start:.3f} s to {end:.3f} s of {self.duration:.3f} s of audio. Expected "
                "0 <= start <= end <= duration; mend the times."
            )
        self._samples = self._samples[round(start * self._sample_rate) : round(end * self._sample_rate)]


def _as_float32(samples: np.ndarray) -> np.ndarray:
    if samples.dtype == np.float32:
        return samples
    if np.issubdtype(samples.dtype, np.signedinteger):
        return (samples * (1.0 / 2.0 ** (8 * samples.dtype.itemsize - 1))).astype(np.float32)
    if np.issubdtype(samples.dtype, np.floating):
        return samples.astype(np.float32)
    raise TypeError(f"Audio has samples of type {samples.dtype}. Expected signed integers or floats; convert them.")

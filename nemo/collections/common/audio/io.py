"""Recordings in files -> samples."""

from __future__ import annotations

import io
import logging
import os
import stat
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from nemo.collections.common.audio.resample import resample
from nemo.collections.common.audio.wav import PCM, WavLayout, wav_layout
from nemo.collections.common.exceptions import AudioFileError
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

ChannelSelector = int | Sequence[int] | str | None
"""Which channels of a recording are wanted: one, several, ``"average"`` of all, or None for all."""

LONGEST_FRAMES = 2**33
"""A header that promises more samples (6 days at 16 kHz) lies."""
MOST_SAMPLES_A_BYTE = 2**14
"""As does one of a file that would have to hold more in each byte; lossless silence needs 1 byte for 5000."""
_FORMATS = "wav, flac, ogg and mp3 are read; convert others with: ffmpeg -i INPUT -ar 16000 -ac 1 OUTPUT.wav"
POSSIBLE_RATES = range(100, 10_000_001)
"""Hz; a header with another rate lies, and resampling by it would fill the memory."""


@dataclass(frozen=True)
class AudioBytes:
    """A recording in memory, such as a member of a tar file."""

    name: str
    """Named in errors."""
    content: bytes | memoryview

    def __str__(self) -> str:
        return self.name


AudioSource = str | os.PathLike[str] | AudioBytes
"""Where a recording is: the path of a file, or its bytes."""


@dataclass(frozen=True)
class _Opened:
    name: str
    file: BinaryIO
    size: int
    """Bytes."""
    is_in_memory: bool


def load_audio(
    path: AudioSource,
    sample_rate: int | None = None,
    offset: float = 0.0,
    duration: float | None = None,
    channel_selector: ChannelSelector = None,
    dtype: str = "float32",
) -> np.ndarray:
    """Reads a recording, or the part of it that is asked for.

    Args:
        path: wav, flac, ogg or mp3 file, or the bytes of one.
        sample_rate: rate wanted in Hz; None keeps the file's.
        offset: where to begin, in seconds.
        duration: how much to read, in seconds; None (or 0) reads to the end, as does a length beyond it.
        channel_selector: a channel (from 0), a list of them, ``"average"``, or None for all.
        dtype: float32, float64 (both between -1 and 1), int16 or int32.

    Returns:
        [T], or [T, C] where several channels remain.

    Raises:
        AudioFileError: the file is missing, empty, cut short, no audio, holds NaN, has no such channel, or ends before
            `offset`; the message names it.
    """
    samples, rate = read_samples(path, offset, duration, channel_selector, dtype)
    return samples if sample_rate is None else resample(samples, rate, sample_rate)


def read_samples(
    path: AudioSource,
    offset: float = 0.0,
    duration: float | None = None,
    channel_selector: ChannelSelector = None,
    dtype: str = "float32",
) -> tuple[np.ndarray, int]:
    """As :func:`load_audio`, at the file's own rate, which is returned too."""
    opened = _open(path)
    name = opened.name
    with opened.file as file:
        layout = wav_layout(file, opened.size)
        if layout is not None:
            _check_layout(name, layout)
        if layout is not None and layout.encoding == PCM and layout.bits == 16 and dtype == "float32":
            rate = layout.sample_rate
            start, count = _part(name, layout.frames, rate, offset, duration)
            samples = _pcm16(file, layout, start, count)
        else:
            samples, rate = _through_soundfile(opened, offset, duration, dtype)
    return select_channels(samples, channel_selector, name), rate


def audio_duration(path: AudioSource) -> float:
    """Length of a recording in seconds, from its header.

    Raises:
        AudioFileError: as :func:`load_audio`.
    """
    opened = _open(path)
    with opened.file as file:
        layout = wav_layout(file, opened.size)
        if layout is not None:
            _check_layout(opened.name, layout)
            if layout.encoding == PCM:
                return layout.frames / layout.sample_rate
        with _opened_sound(opened) as sound:
            return sound.frames / sound.samplerate


def select_channels(samples: np.ndarray, channel_selector: ChannelSelector, source: str) -> np.ndarray:
    """The channels that are wanted.

    Args:
        samples: [T] or [T, C].
        channel_selector: see :data:`ChannelSelector`.
        source: named in errors.

    Returns:
        [T] where one channel remains, else [T, C].

    Raises:
        AudioFileError: there is no such channel.
    """
    if samples.ndim == 2 and samples.shape[1] == 1:
        samples = samples[:, 0]
    if channel_selector is None:
        return samples
    if channel_selector == "average":
        return samples if samples.ndim == 1 else samples.mean(axis=1, dtype=samples.dtype)
    wanted: list[Any] = [channel_selector] if isinstance(channel_selector, int | str) else list(channel_selector)
    count = 1 if samples.ndim == 1 else samples.shape[1]
    for channel in wanted:
        if isinstance(channel, bool) or not isinstance(channel, int) or not 0 <= channel < count:
            raise AudioFileError(
                f"{source} has {count} channel{'s' if count > 1 else ''}, and channel_selector asks for {channel!r}. "
                f'Expected numbers from 0 to {count - 1}, or "average"; mend channel_selector.'
            )
    if samples.ndim == 1:
        return samples
    return samples[:, wanted[0]] if len(wanted) == 1 else samples[:, wanted]


def _open(source: AudioSource) -> _Opened:
    if isinstance(source, AudioBytes):
        return _Opened(source.name, io.BytesIO(source.content), len(source.content), is_in_memory=True)
    name = _as_on_disk(os.fspath(source))
    try:
        status = os.stat(name)
        if stat.S_ISREG(status.st_mode):
            return _Opened(name, open(name, "rb"), status.st_size, is_in_memory=False)
    except FileNotFoundError as error:
        raise AudioFileError(
            f"{name or 'The empty path'} does not exist. Expected an audio file; check the path (working folder: "
            f"{os.getcwd()})."
        ) from error
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        raise AudioFileError(f"{name} cannot be opened ({error}). Check its name and permissions.") from error
    if stat.S_ISDIR(status.st_mode):
        raise AudioFileError(f"{name} is a folder. Expected an audio file; name one inside it.")
    raise AudioFileError(f"{name} is a pipe or a device. Expected an audio file; save the recording in one.")


def _as_on_disk(name: str) -> str:
    """The name itself, or if there is no such file, its other Unicode form: macOS writes accents as marks of their own.

    Manifests and files that were made on different systems differ in this, and nobody sees it.
    """
    if name.isascii() or os.path.exists(name):
        return name
    forms = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    return next((form for form in forms if os.path.exists(form)), name)


def _check_layout(name: str, layout: WavLayout) -> None:
    if layout.sample_rate not in POSSIBLE_RATES or layout.channels == 0:
        raise AudioFileError(
            f"{name} has a header with {layout.sample_rate} Hz and {layout.channels} channels. Expected "
            f"{POSSIBLE_RATES[0]} to {POSSIBLE_RATES[-1]} Hz and at least one channel; make the file again."
        )
    if layout.is_cut_short:
        raise AudioFileError(
            f"{name} is cut short: its header promises {layout.declared_bytes} bytes of samples, "
            f"{layout.present_bytes} are there. Copy or download it again."
        )


def _part(name: str, frames: int, rate: int, offset: float, duration: float | None) -> tuple[int, int]:
    """First sample and number of samples of the part that is wanted."""
    if frames <= 0:
        raise AudioFileError(f"{name} holds no samples. Expected a recording; make the file again, or leave it out.")
    if offset < 0:
        raise AudioFileError(f"{name}: the offset is {offset} s. Expected 0 or more; mend it.")
    start = round(offset * rate)
    if start >= frames:
        raise AudioFileError(
            f"{name} is {frames / rate:.2f} s long and ends before the offset of {offset} s. Mend the offset."
        )
    count = round(duration * rate) if duration else frames
    return start, min(count, frames - start)


def _pcm16(file: BinaryIO, layout: WavLayout, start: int, count: int) -> np.ndarray:
    file.seek(layout.data_start + start * layout.frame_bytes)
    raw = np.frombuffer(file.read(count * layout.frame_bytes), dtype="<i2")
    samples = raw.astype(np.float32)
    samples *= np.float32(2.0**-15)
    return samples.reshape(-1, layout.channels) if layout.channels > 1 else samples


def _opened_sound(opened: _Opened) -> Any:
    soundfile = require("soundfile", extra="asr", purpose="Reading audio")
    name = opened.name
    if opened.size == 0:
        raise AudioFileError(f"{name} is empty (0 bytes). Expected an audio file; make or download it again.")
    opened.file.seek(0)
    try:  # by its path the library reads twice as fast
        sound = soundfile.SoundFile(opened.file if opened.is_in_memory else name)
    except soundfile.LibsndfileError as error:
        raise AudioFileError(f"{name} is not audio that can be read ({error.error_string}). {_FORMATS}.") from error
    most = min(LONGEST_FRAMES, opened.size * MOST_SAMPLES_A_BYTE)
    if sound.samplerate not in POSSIBLE_RATES or not 0 <= sound.frames <= most:
        sound.close()
        raise AudioFileError(
            f"{name} has a header with {sound.samplerate} Hz and {sound.frames} samples, which cannot be in "
            f"{opened.size} bytes. Make it again."
        )
    return sound


def _through_soundfile(opened: _Opened, offset: float, duration: float | None, dtype: str) -> tuple[np.ndarray, int]:
    soundfile = require("soundfile", extra="asr", purpose="Reading audio")
    name = opened.name
    with _opened_sound(opened) as sound:
        rate = sound.samplerate
        start, count = _part(name, sound.frames, rate, offset, duration)
        try:
            if start:
                sound.seek(start)
            scaled = dtype.startswith("int") and sound.subtype in ("FLOAT", "DOUBLE")  # not done by the library
            samples = sound.read(count, dtype="float64" if scaled else dtype)
        except soundfile.LibsndfileError as error:
            raise AudioFileError(
                f"{name} is damaged: reading samples {start} to {start + count} failed ({error.error_string}). "
                "Copy or download it again."
            ) from error
        if samples.shape[0] < count:
            raise AudioFileError(
                f"{name} is cut short: its header promises {sound.frames} samples, reading ended at "
                f"{start + samples.shape[0]}. Copy or download it again."
            )
        if sound.subtype in ("FLOAT", "DOUBLE") and not np.isfinite(samples).all():
            bad = int(np.count_nonzero(~np.isfinite(samples)))
            raise AudioFileError(f"{name} holds {bad} samples that are NaN or infinite. Make it again as 16-bit PCM.")
        if scaled:
            samples = (np.clip(samples, -1.0, 1.0) * np.iinfo(dtype).max).astype(dtype)
    return samples, rate

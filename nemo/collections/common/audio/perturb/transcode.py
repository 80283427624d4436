"""Audio that went through a codec: a telephone line, a compressed file.

Everything happens in memory, through libsndfile (soundfile), without a program such as sox or ffmpeg. That library has
no AMR encoder; `amr-nb` therefore is GSM 06.10 here, the older codec of mobile telephones: as narrow, a little harsher.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nemo.collections.common.audio.perturb.base import Perturbation
from nemo.collections.common.audio.resample import resample
from nemo.collections.common.audio.segment import AudioSegment
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require
from nemo.utils.spelling import nearest

logger = logging.getLogger(__name__)

_TELEPHONE_RATE = 8000
"""Hz."""


class _Codec(NamedTuple):
    container: str
    subtypes: tuple[str, ...]
    """One is drawn."""
    sample_rate: int | None = None
    """Hz that the codec works at; None for any."""


CODECS = {
    "g711": _Codec("WAV", ("ULAW", "ALAW"), _TELEPHONE_RATE),
    "ulaw": _Codec("WAV", ("ULAW",), _TELEPHONE_RATE),
    "alaw": _Codec("WAV", ("ALAW",), _TELEPHONE_RATE),
    "gsm": _Codec("WAV", ("GSM610",), _TELEPHONE_RATE),
    "amr-nb": _Codec("WAV", ("GSM610",), _TELEPHONE_RATE),
    "adpcm": _Codec("WAV", ("IMA_ADPCM",)),
    "ogg": _Codec("OGG", ("VORBIS",)),
    "opus": _Codec("OGG", ("OPUS",), 48000),
    "mp3": _Codec("MP3", ("MPEG_LAYER_III",), 16000),
}
"""Codecs by their name in configs."""


class TranscodePerturbation(Perturbation):
    """Encodes and decodes audio with a random codec; sample rate and length stay.

    Args:
        codecs: names to draw from: g711 (mu-law or A-law at random), ulaw, alaw, amr-nb (GSM 06.10, see above), gsm,
            adpcm, ogg (Vorbis), opus, mp3. None: g711, amr-nb and ogg.
        rng: seed.

    Raises:
        ConfigError: there is no such codec.
    """

    def __init__(self, codecs: Sequence[str] | None = None, rng: int | None = None) -> None:
        super().__init__(rng)
        self._codecs = list(codecs) if codecs is not None else ["g711", "amr-nb", "ogg"]
        for name in self._codecs:
            if name not in CODECS:
                raise ConfigError(
                    f"transcode_aug.codecs has {name!r}. Expected some of {', '.join(CODECS)}; did you mean "
                    f"{nearest(name, CODECS) or 'one of them'}?"
                )
        if not self._codecs:
            raise ConfigError(f"transcode_aug.codecs is empty. Expected some of {', '.join(CODECS)}; name one.")
        if "amr-nb" in self._codecs:
            logger.info("transcode_aug: amr-nb is imitated by GSM 06.10")

    def perturb(self, data: AudioSegment) -> None:
        """Sends the audio through a codec."""
        codec = CODECS[self._rng.choice(self._codecs)]
        subtype = self._rng.choice(codec.subtypes)
        if data.is_empty():
            return
        rate = codec.sample_rate or data.sample_rate
        samples = resample(data._samples, data.sample_rate, rate)
        through = [transcode(channel, rate, codec.container, subtype) for channel in np.atleast_2d(samples.T)]
        decoded = through[0] if samples.ndim == 1 else np.stack(through, axis=1)
        restored = resample(decoded, rate, data.sample_rate)[: data.num_samples]
        missing = data.num_samples - restored.shape[0]
        data._samples = np.pad(restored, [(0, missing)] + [(0, 0)] * (restored.ndim - 1))


def transcode(samples: np.ndarray, sample_rate: int, container: str, subtype: str) -> np.ndarray:
    """Samples [T] as they come back from a file of libsndfile's `container` and `subtype`, at least as many."""
    soundfile = require("soundfile", extra="asr", purpose="Transcoding audio")
    file = io.BytesIO()
    soundfile.write(file, np.clip(samples, -1.0, 1.0), sample_rate, format=container, subtype=subtype)
    file.seek(0)
    decoded: np.ndarray = soundfile.read(file, dtype="float32")[0]
    return decoded

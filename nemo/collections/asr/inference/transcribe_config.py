"""What a user may ask of `transcribe()`."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

from nemo.utils.exceptions import ConfigError, NotYetSupportedError


def check_batch_size(batch_size: Any) -> None:
    """Raises ConfigError if `batch_size` is no whole number above 0."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, Integral) or batch_size < 1:
        raise ConfigError(
            f"batch_size is {batch_size!r}. Expected a whole number, at least 1: the recordings computed together."
        )


@dataclass
class TranscribeConfig:
    """The arguments of `transcribe()`; one may be passed whole, as `override_config`."""

    use_lhotse: bool = True
    """Accepted as in the original; recordings are read the same way with True and False."""
    batch_size: int = 4
    """Recordings computed together."""
    return_hypotheses: bool = False
    """Keep what the search saw in ``hypothesis.alignments``: for CTC the log-probabilities and labels of each frame."""
    num_workers: int | None = None
    """Threads that read recordings; one works beside the computation in any case."""
    channel_selector: Any = None
    """Channel of recordings with several: an index, or ``average``; None takes the only one."""
    augmentor: Any = None
    """Changes each recording first: an `augmentor` section, or an object with ``perturb(segment)``."""
    timestamps: bool | None = None
    """True adds times of characters, words and segments; False leaves them out; None: as the decoding is configured."""
    verbose: bool = True
    """Show a progress bar."""
    partial_hypothesis: Any = None
    """Of streams; recordings have none."""
    logprobs: bool = False
    """Return arrays of log-probabilities [S, V + 1] instead of transcripts (CTC)."""
    max_seconds: float | None = None
    """What is longer goes by overlapping chunks of this length; None: from memory; infinity: never."""
    overlap_seconds: float | None = None
    """That two chunks share; None: what the encoder sees, or 8 seconds."""

    def check(self) -> None:
        """Raises ConfigError (NotYetSupportedError for a partial hypothesis) if something is not possible."""
        if self.return_hypotheses and self.logprobs:
            raise ConfigError("transcribe() can give hypotheses or log-probabilities: set one of the two arguments.")
        check_batch_size(self.batch_size)
        if self.partial_hypothesis is not None:
            raise NotYetSupportedError(
                "transcribe() takes whole recordings and no partial_hypothesis; leave it out, or use a streaming class."
            )

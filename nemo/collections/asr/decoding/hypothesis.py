"""What recognition returns: one transcript with its score, tokens, times and confidences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

Timestamps = dict[str, Any]
"""``timestep`` (list of frames), ``char``, ``word`` and ``segment`` (lists of dicts); see decoding/timestamps.py."""


@dataclass(eq=False, repr=False)
class Hypothesis(str):
    """A transcript: a real ``str``, with what the search knew beside it.

    The original's releases differ (a list of ``str`` in 1.x, of ``Hypothesis`` in 2.x); this is both. Everything that
    takes a string takes it: ``==``, ``in``, ``len`` (characters), ``" ".join(...)``, ``json.dumps``, ``file.write``. An
    empty transcript is false, and equality and hash look at the text alone. Because strings do not change, neither does
    :attr:`text`; ``dataclasses.replace(hypothesis, text="...")`` makes another. The other fields may be set.

    Args:
        score: log-probability of the path that was found.
        y_sequence: ids of the tokens of the text.
        text: the transcript; None before there is one, the string is then empty.
        dec_out: output of the prediction network (transducers).
        dec_state: its state.
        timestep: where the tokens are: a list of frames, or the dict of :data:`Timestamps`. :attr:`timestamp` is its
            newer name.
        alignments: what the search saw: for CTC ``(log_probs [S, V + 1], labels [S])``.
        frame_confidence: one number in [0, 1] for each frame.
        token_confidence: one for each token.
        word_confidence: one for each word of the text.
        length: encoder frames of the utterance.
        y: tokens so far, while a search runs.
        lm_state: state of a neural language model.
        lm_scores: its scores.
        ngram_lm_state: state of an n-gram language model.
        tokens: the tokens as strings or ids, where the search keeps them.
        last_token: the last token, kept by streaming search.

    A file that could not be transcribed has an empty text and says why in :attr:`error`.
    """

    score: float
    y_sequence: Tensor | list[int]
    text: str | None = None
    dec_out: list[Tensor] | None = None
    dec_state: Any = None
    timestep: Tensor | list[int] | Timestamps = field(default_factory=list)
    alignments: Any = None
    frame_confidence: list[Any] | None = None
    token_confidence: list[float] | None = None
    word_confidence: list[float] | None = None
    length: int | Tensor = 0
    y: list[Tensor] | None = None
    lm_state: Any = None
    lm_scores: Tensor | None = None
    ngram_lm_state: Any = None
    tokens: list[Any] | Tensor | None = None
    last_token: Tensor | None = None

    def __new__(cls, score: float, y_sequence: Tensor | list[int], text: str | None = None, *_: Any, **__: Any) -> Any:
        """The string is the text; the dataclass's own ``__init__`` sets the fields."""
        return str.__new__(cls, text or "")

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "text" and (value or "") != str(self):
            raise AttributeError(
                f"the text of this Hypothesis is {str(self)!r} and cannot become {value!r}: a Hypothesis is a str. "
                "Make another: dataclasses.replace(hypothesis, text=...)."
            )
        super().__setattr__(name, value)

    @property
    def timestamp(self) -> Tensor | list[int] | Timestamps:
        """:attr:`timestep` under the name it has from release 2.2 on."""
        return self.timestep

    @timestamp.setter
    def timestamp(self, value: Tensor | list[int] | Timestamps) -> None:
        self.timestep = value

    @property
    def words(self) -> list[str]:
        """The words of the text, as :attr:`word_confidence` counts them."""
        return self.split()

    @property
    def error(self) -> str | None:
        """What went wrong with this utterance, or None."""
        return self.__dict__.get("_error")

    @error.setter
    def error(self, message: str | None) -> None:
        self._error = message

    @property
    def duration(self) -> float | None:
        """Seconds of the recording, where `transcribe()` made this; or None."""
        return self.__dict__.get("_duration")

    @duration.setter
    def duration(self, seconds: float | None) -> None:
        self._duration = seconds

    @property
    def langs(self) -> str | None:
        """The language of most tokens, from a model of several languages (aggregate tokenizer), or None."""
        return self.__dict__.get("_langs")

    @langs.setter
    def langs(self, language: str | None) -> None:
        self._langs = language

    @property
    def langs_chars(self) -> list[dict[str, str]] | None:
        """For each token ``{"char": text, "lang": language}``, from such a model, or None."""
        return self.__dict__.get("_langs_chars")

    @langs_chars.setter
    def langs_chars(self, tokens: list[dict[str, str]] | None) -> None:
        self._langs_chars = tokens

    @property
    def token_duration(self) -> list[int] | None:
        """For each token the frames that a TDT model went on by, or None."""
        return self.__dict__.get("_token_duration")

    @token_duration.setter
    def token_duration(self, frames: list[int] | None) -> None:
        self._token_duration = frames

    def __repr__(self) -> str:
        end = f", error={self.error!r}" if self.error else ""
        return f"{type(self).__name__}({str(self)!r}, score={float(self.score):.4g}{end})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), str(self)), dict(self.__dict__)


def _rebuild(cls: type[Hypothesis], text: str) -> Hypothesis:
    """The string of a pickled hypothesis; pickle then puts the other fields back."""
    return str.__new__(cls, text)


@dataclass
class NBestHypotheses:
    """Several hypotheses of one utterance, the best first."""

    n_best_hypotheses: list[Hypothesis]

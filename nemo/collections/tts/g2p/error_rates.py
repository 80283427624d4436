"""How far pronunciations are from the right ones: in phonemes, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torchmetrics.text import WordErrorRate

from nemo.collections.tts.g2p.arpabet import CONSONANTS, VOWELS


class PronunciationErrors(nn.Module):
    """Error rates of pronunciations: the fewest insertions, deletions and replacements, over the right number.

    Pronunciations in ARPABET (`K AE1 T`) are one word each, and their phonemes are what stands between spaces. In any
    other alphabet (`ˈkæt`) words stand between spaces, and each character counts as a phoneme, marks of stress too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.phonemes = WordErrorRate()
        self.words = WordErrorRate()

    def update(self, predicted: Sequence[str], wanted: Sequence[str]) -> None:
        """Adds pairs.

        Args:
            predicted: pronunciations.
            wanted: the right ones, in the same order.
        """
        for metric, units in ((self.phonemes, phonemes_of), (self.words, words_of)):
            metric.update([" ".join(units(text)) for text in predicted], [" ".join(units(text)) for text in wanted])

    def log_for(self, model: Any, loss: Tensor, count: int) -> None:
        """Logs, in a step of a model, `val_loss`, `val_per`, `val_wer`, or `test_loss`, ... where it is tested."""
        kind = "test" if model.testing else "val"
        options = {"on_epoch": True, "batch_size": count}
        model.log(f"{kind}_loss", loss, sync_dist=True, **options)
        model.log(f"{kind}_per", self.phonemes, **options)
        model.log(f"{kind}_wer", self.words, **options)


def phonemes_of(text: str) -> list[str]:
    """The phonemes of a pronunciation: `K AE1 T` has three, `ˈkæt` four characters."""
    parts = text.split()
    return parts if _is_arpabet(parts) else [character for part in parts for character in part]


def words_of(text: str) -> list[str]:
    """The words of a pronunciation; one in ARPABET is one word, written without spaces."""
    parts = text.split()
    return ["-".join(parts)] if _is_arpabet(parts) else parts


def _is_arpabet(parts: Sequence[str]) -> bool:
    bare = [part.upper().rstrip("012") for part in parts]
    return bool(bare) and all(part in VOWELS or part in CONSONANTS for part in bare)

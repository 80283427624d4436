"""Characters as tokens by the `labels` of a model: what Tacotron 2 had before release 1.8, in place of a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence

from nemo.collections.common.data.parsers import ENCharParser
from nemo.collections.tts.text.tokenizer import BaseTokenizer


class LabelsTokenizer(BaseTokenizer):
    """The labels, then the marks of beginning, end and padding; a text has the first two around it.

    English text is lower-cased, numbers and titles are written out, and what is no label is left out with a warning.

    Args:
        labels: characters in the order of their ids; one is the space.
    """

    BOS, EOS = "<bos>", "<eos>"

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__([*labels, self.BOS, self.EOS])
        self.tokens.remove(self.OOV)  # the embedding has no row for it
        self.bos, self.eos, self.pad = (len(labels) + number for number in range(3))
        self._special_ids = {self.bos, self.eos, self.pad}
        self.space = self._token2id.get(" ", -1)
        self._parser = ENCharParser(labels)

    def encode(self, text: str) -> list[int]:
        """The ids of a text; none at all where it has no label."""
        tokens = self._parser(text)
        return [self.bos, *tokens, self.eos] if tokens else []

"""Vectors of voices: from a table, from recordings, or both together."""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import Tensor, nn

from nemo.core.classes.neural_module import NeuralModule
from nemo.core.neural_types import EncodedRepresentation, Index, NeuralType
from nemo.utils.exceptions import ConfigError, ShapeError

logger = logging.getLogger(__name__)


def check_speakers(speaker: Tensor, n_speakers: int) -> None:
    """Refuses ids of voices that a model does not have.

    Raises:
        ConfigError: names the first of them; while a model is exported or compiled, nothing is looked at.
    """
    if torch.jit.is_tracing() or torch.compiler.is_compiling():
        return
    wrong = [int(number) for number in speaker.flatten() if not 0 <= int(number) < n_speakers]
    if wrong:
        raise ConfigError(
            f"speaker is {wrong[0]}, and the model has {n_speakers} voices. Expected 0 to {n_speakers - 1}."
        )


@torch.no_grad()
def mix_speakers(
    table: nn.Embedding | None, first: int, second: int, new: int, *, weights: tuple[float, float]
) -> None:
    """Makes the vector of the voice `new` the weighted sum of those of two voices.

    Args:
        table: the vectors of all voices.
        first: id of a voice.
        second: id of another.
        new: id of the voice whose vector is replaced.
        weights: of the first and the second.

    Raises:
        ConfigError: there is no table, or it lacks one of the three.
    """
    if table is None:
        raise ConfigError("The model has no table of voices to mix. Expected one with several (n_speakers above 1).")
    check_speakers(torch.tensor([first, second, new]), table.num_embeddings)
    table.weight[new] = weights[0] * table.weight[first] + weights[1] * table.weight[second]


class SpeakerLookupTable(NeuralModule):
    """A learnt vector for each voice of the training data.

    Args:
        n_speakers: number of voices.
        embedding_dim: H, width of the vectors.
    """

    def __init__(self, n_speakers: int, embedding_dim: int) -> None:
        super().__init__()
        self.table = nn.Embedding(n_speakers, embedding_dim)

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Ids of voices."""
        return {"speaker": NeuralType(tuple("B"), Index())}

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Their vectors."""
        return {"embs": NeuralType(("B", "D"), EncodedRepresentation())}

    def forward(self, speaker: Tensor) -> Tensor:
        """[B] -> [B, H]."""
        return self.table(speaker)


class SpeakerEncoder(NeuralModule):
    """Vectors of voices; where there are several sources they are added.

    Args:
        lookup_module: a :class:`SpeakerLookupTable`.
        gst_module: a :class:`~nemo.collections.tts.modules.style_tokens.GlobalStyleToken`, which hears recordings.
        precomputed_embedding_dim: H of one vector that takes the place of both, once it is set; see
            :meth:`overwrite_precomputed_emb`.
    """

    def __init__(
        self, lookup_module: Any = None, gst_module: Any = None, precomputed_embedding_dim: int | None = None
    ) -> None:
        super().__init__()
        if lookup_module is None and gst_module is None and precomputed_embedding_dim is None:
            raise ConfigError(
                "speaker_encoder has neither lookup_module nor gst_module. Expected a table of voices (SpeakerLookup"
                "Table), style tokens (GlobalStyleToken), or both; add one, or delete speaker_encoder."
            )
        self.lookup_module, self.gst_module = lookup_module, gst_module
        self.precomputed_emb = None
        if precomputed_embedding_dim is not None:
            self.precomputed_emb = nn.Parameter(torch.zeros(precomputed_embedding_dim))

    def overwrite_precomputed_emb(self, emb: Tensor) -> None:
        """Speaks with one voice from now on: the vector `emb` [H] takes the place of ids and recordings.

        Raises:
            ShapeError: it is no vector.
        """
        if emb.ndim != 1:
            raise ShapeError(f"The vector of a voice is {list(emb.shape)}. Expected [H]; give one row.")
        self.precomputed_emb = nn.Parameter(emb.detach().clone(), requires_grad=False)

    def forward(
        self,
        batch_size: int,
        speaker: Tensor | None = None,
        reference_spec: Tensor | None = None,
        reference_spec_lens: Tensor | None = None,
    ) -> Tensor | None:
        """Vectors of voices.

        Args:
            batch_size: B.
            speaker: [B] ids, for the table.
            reference_spec: [B, D, R] recordings of the voices, for the style tokens.
            reference_spec_lens: [B] their frames; all of them where it is None.

        Returns:
            [B, H]; None where there is neither an id nor a recording.

        Raises:
            ConfigError: there are style tokens and no recording, or an id is unknown.
        """
        if self.precomputed_emb is not None:
            return self.precomputed_emb[None].expand(batch_size, -1)
        found = None
        if self.lookup_module is not None and speaker is not None:
            check_speakers(speaker, self.lookup_module.table.num_embeddings)
            found = self.lookup_module(speaker)
        if self.gst_module is None:
            if reference_spec is not None:
                logger.warning("reference_spec has no effect: the model's speaker_encoder has no gst_module")
            return found
        if reference_spec is None:
            raise ConfigError(
                "The model's speaker_encoder has style tokens and no recording of the voice is given. Expected "
                "reference_spec [B, D, R]; to train, name reference_audio in sup_data_types."
            )
        if reference_spec_lens is None:
            reference_spec_lens = reference_spec.new_full(
                reference_spec.shape[:1], reference_spec.shape[2], dtype=torch.long
            )
        style = self.gst_module(reference_spec, reference_spec_lens)
        return style if found is None else found + style

"""What models share that learn phonemes from pairs of spellings and pronunciations."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch import Tensor

from nemo.collections.tts.g2p.conversion import in_batches, write_predictions
from nemo.collections.tts.g2p.error_rates import PronunciationErrors
from nemo.collections.tts.g2p.spelling_pairs import with_manifest
from nemo.collections.tts.models.base import G2PModel
from nemo.core.classes.dataset import Dataset


class SpellingModel(G2PModel):
    """Base of these models; each has its network, its dataset and its training step."""

    errors: PronunciationErrors

    def convert_graphemes_to_phonemes(
        self,
        manifest_filepath: str,
        output_manifest_filepath: str,
        grapheme_field: str = "text_graphemes",
        batch_size: int = 32,
        num_workers: int = 0,
        pred_field: str = "pred_text",
        **kwargs: Any,
    ) -> list[str]:
        """Writes a manifest with the phonemes of the texts of another, and gives them.

        Args:
            manifest_filepath: JSON lines with spellings.
            output_manifest_filepath: the same lines, with phonemes.
            grapheme_field: key of the spelling.
            batch_size: lines at once.
            num_workers: processes that read.
            pred_field: key of the phonemes.
            kwargs: for other models.

        Raises:
            ManifestError: a line lacks its spelling, or it is empty.
        """
        dataset = self._spellings(manifest_filepath, grapheme_field)
        texts = in_batches(self, dataset, self._pronunciations, batch_size, num_workers)
        write_predictions(manifest_filepath, output_manifest_filepath, texts, pred_field)
        return texts

    @abstractmethod
    def _spellings(self, manifest_filepath: str, grapheme_field: str) -> Dataset:
        """The spellings of a manifest, without phonemes."""

    @abstractmethod
    def _pronunciations(self, batch: Any) -> list[str]:
        """The phonemes of a batch of them."""

    @abstractmethod
    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss, and the rates of wrong phonemes and words."""

    def test_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """As :meth:`validation_step`; what is logged starts with `test_`."""
        return self.validation_step(batch, batch_idx, dataloader_idx)

    def _setup_dataloader_from_config(self, config: Any, where: str) -> Any:
        section = with_manifest(config)
        return None if section is None else super()._setup_dataloader_from_config(section, where)

"""What a model predicts with ``trainer.predict``, written while it goes on."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning.callbacks import BasePredictionWriter

from nemo.utils.exceptions import ConfigError

KEYS = {"audio_file": "audio_filepath", "offset": "offset", "duration": "duration", "text": "text"}
"""Field of a manifest's entry -> key of a line."""


class ASRPredictionWriter(BasePredictionWriter):
    """Writes one JSON object a line for each recording, as soon as its batch is done.

        writer = ASRPredictionWriter(model._test_dl.dataset, "predictions.json")
        trainer = Trainer(callbacks=[writer])
        trainer.predict(model, model._test_dl, return_predictions=False)
        writer.close_output_file()

    The section of the loader needs ``return_sample_id: true``.

    Args:
        dataset: says what belongs to the number of a sample (`get_manifest_sample`).
        output_file: of several processes the others write to its name with ``-rank1`` and so on.
    """

    def __init__(self, dataset: Any, output_file: str | os.PathLike[str]) -> None:
        super().__init__(write_interval="batch")
        if not hasattr(dataset, "get_manifest_sample"):
            raise ConfigError(
                f"{type(dataset).__name__} does not know the entry of a sample. Expected a dataset over a manifest, "
                "such as AudioToCharDataset."
            )
        self.dataset = dataset
        self.output_file = Path(output_file)
        self.samples_num = 0
        self._file: Any = None

    def write_on_batch_end(
        self,
        trainer: Any,
        pl_module: Any,
        prediction: Any,
        batch_indices: Sequence[int] | None,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int,
    ) -> None:
        """Writes the pairs (number of a sample, transcript) that the model's `predict_step` gave."""
        if self._file is None:
            rank = trainer.global_rank
            name = self.output_file.stem + (f"-rank{rank}" if rank else "") + self.output_file.suffix
            # grows line by line, so that a run that is stopped leaves what it has done
            self._file = open(self.output_file.with_name(name), "w", encoding="utf-8")  # noqa: SIM115
        for sample_id, transcript in prediction:
            entry = dataclasses.asdict(self.dataset.get_manifest_sample(int(sample_id)))
            line = {key: entry[field] for field, key in KEYS.items()} | {"pred_text": str(transcript)}
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.samples_num += 1
        self._file.flush()

    def close_output_file(self) -> int:
        """Closes the file; returns how many recordings were written."""
        if self._file is not None:
            self._file.close()
            self._file = None
        return self.samples_num

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Closes the file at the end of the run, if the script has not."""
        self.close_output_file()

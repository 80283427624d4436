"""Greedy search with the files that a transducer was exported to, without the model: ONNX or TorchScript.

    model.export("t.onnx")  # -> encoder-t.onnx and decoder_joint-t.onnx
    search = ONNXGreedyBatchedRNNTInfer("encoder-t.onnx", "decoder_joint-t.onnx")
    tokens = search(audio_signal=features, length=lengths)

All utterances of a batch go from frame to frame together. B batch, D features, F their frames, E width, T frames of the
encoder, V tokens; the blank is the last class: there are no durations (TDT) and no big blanks.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

PathLike = str | os.PathLike[str]

_RECURRENT = re.compile(r"weight_hh_l\d+$")


class ExportedGreedyBatchedRNNTInfer(ABC):
    """Greedy search of RNN-T; a kind of it says how the files are run.

    Args:
        encoder_model: file of the encoder.
        decoder_joint_model: file of prediction network and joint.
        max_symbols_per_step: tokens of one frame, after which the search goes on; None: any number.
    """

    def __init__(
        self, encoder_model: PathLike, decoder_joint_model: PathLike, max_symbols_per_step: int | None = 10
    ) -> None:
        if max_symbols_per_step is not None and max_symbols_per_step < 1:
            raise ConfigError(f"max_symbols_per_step is {max_symbols_per_step}; expected at least 1, or None.")
        self.encoder_model_path, self.decoder_joint_model_path = encoder_model, decoder_joint_model
        self.max_symbols_per_step = max_symbols_per_step

    @abstractmethod
    def run_encoder(self, audio_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Features [B, D, F] and their lengths [B] -> frames [B, E, T] and theirs [B]."""

    @abstractmethod
    def run_decoder_joint(
        self, enc_logits: Tensor, targets: Tensor, target_length: Tensor, states: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """One frame [B, E, 1] and the last tokens [B, 1] -> scores [B, 1, 1, V + 1], and the states behind them."""

    @abstractmethod
    def initial_states(self, batch: int, blank: int) -> list[Tensor]:
        """What each input of a state is before any token: zeros, or the blank where a state is made of tokens."""

    @torch.no_grad()
    def __call__(self, audio_signal: Tensor, length: Tensor) -> list[list[int]]:
        """The tokens of each utterance.

        Args:
            audio_signal: [B, D, F] features of the model's preprocessor.
            length: [B] valid frames.
        """
        frames, lengths = self.run_encoder(audio_signal, length)
        batch = frames.shape[0]
        blank = self._blank(frames[:1, :, :1])
        tokens: list[list[int]] = [[] for _ in range(batch)]
        last = torch.full((batch, 1), blank, dtype=torch.int32)
        ones = torch.ones(batch, dtype=torch.int32)
        states = self.initial_states(batch, blank)
        for time in range(int(lengths.max())):
            goes_on = time < lengths
            symbols = 0
            while bool(goes_on.any()) and (self.max_symbols_per_step is None or symbols < self.max_symbols_per_step):
                scores, after = self.run_decoder_joint(frames[:, :, time : time + 1], last, ones, states)
                labels = scores[:, 0, 0].argmax(dim=-1)
                goes_on = goes_on & (labels != blank)
                for row in goes_on.nonzero()[:, 0].tolist():
                    tokens[row].append(int(labels[row]))
                last = torch.where(goes_on[:, None], labels[:, None].to(last.dtype), last)
                states = [
                    torch.where(goes_on.view(1, -1, *[1] * (new.ndim - 2)), new, old)
                    for new, old in zip(after, states, strict=True)
                ]
                symbols += 1
        return tokens

    def _blank(self, frame: Tensor) -> int:
        """The last class, as the scores of a frame [1, E, 1] show."""
        one = torch.ones(1, dtype=torch.int32)
        scores, _ = self.run_decoder_joint(frame, one[:, None] * 0, one, self.initial_states(1, blank=0))
        return int(scores.shape[-1]) - 1


class ONNXGreedyBatchedRNNTInfer(ExportedGreedyBatchedRNNTInfer):
    """Greedy search with ONNX files, on the CPU.

    Args:
        encoder_model: ``encoder-NAME.onnx``.
        decoder_joint_model: ``decoder_joint-NAME.onnx``.
        max_symbols_per_step: tokens of one frame, after which the search goes on; None: any number.

    Raises:
        MissingDependencyError: without the extra `export`.
    """

    def __init__(
        self, encoder_model: PathLike, decoder_joint_model: PathLike, max_symbols_per_step: int | None = 10
    ) -> None:
        super().__init__(encoder_model, decoder_joint_model, max_symbols_per_step)
        runtime = require("onnxruntime", extra="export", purpose="Running ONNX files")
        providers = ["CPUExecutionProvider"]
        self.encoder = runtime.InferenceSession(os.fspath(encoder_model), providers=providers)
        self.decoder_joint = runtime.InferenceSession(os.fspath(decoder_joint_model), providers=providers)
        self._states = [each for each in self.decoder_joint.get_inputs() if each.name.startswith("input_states")]
        self._names = [each.name for each in self.decoder_joint.get_inputs()]

    def run_encoder(self, audio_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """See the base class."""
        names = [each.name for each in self.encoder.get_inputs()]
        given = dict(zip(names, (audio_signal.cpu().numpy(), length.cpu().numpy().astype(np.int64)), strict=True))
        frames, lengths = self.encoder.run(None, given)[:2]
        return torch.from_numpy(frames), torch.from_numpy(lengths)

    def run_decoder_joint(
        self, enc_logits: Tensor, targets: Tensor, target_length: Tensor, states: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """See the base class."""
        values = [part.numpy() for part in (enc_logits, targets, target_length, *states)]
        given = dict(zip(self._names, values, strict=True))
        scores, *rest = self.decoder_joint.run(None, given)
        return torch.from_numpy(scores), [torch.from_numpy(part) for part in rest[len(rest) - len(states) :]]

    def initial_states(self, batch: int, blank: int) -> list[Tensor]:
        """See the base class."""
        sizes = [[batch if place == 1 else size for place, size in enumerate(each.shape)] for each in self._states]
        return [
            torch.full(size, blank) if "int" in each.type else torch.zeros(size)
            for each, size in zip(self._states, sizes, strict=True)
        ]


class TorchscriptGreedyBatchedRNNTInfer(ExportedGreedyBatchedRNNTInfer):
    """Greedy search with TorchScript files.

    Args:
        encoder_model: ``encoder-NAME.ts``.
        decoder_joint_model: ``decoder_joint-NAME.ts``.
        device: where they run.
        max_symbols_per_step: tokens of one frame, after which the search goes on; None: any number.
    """

    def __init__(
        self,
        encoder_model: PathLike,
        decoder_joint_model: PathLike,
        device: torch.device | str = "cpu",
        max_symbols_per_step: int | None = 10,
    ) -> None:
        super().__init__(encoder_model, decoder_joint_model, max_symbols_per_step)
        self.device = torch.device(device)
        self.encoder: Any = torch.jit.load(os.fspath(encoder_model), map_location=self.device)
        self.decoder_joint: Any = torch.jit.load(os.fspath(decoder_joint_model), map_location=self.device)
        weights = {name: tuple(weight.shape) for name, weight in self.decoder_joint.named_parameters()}
        recurrent = [shape for name, shape in weights.items() if _RECURRENT.search(name)]
        if not recurrent:
            raise ConfigError(
                f"{decoder_joint_model} has no LSTM, so that the size of its states is not known. Expected the export "
                "of a model with RNNTDecoder; export others to ONNX."
            )
        self._state_size = len(recurrent), recurrent[0][1]

    def run_encoder(self, audio_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """See the base class."""
        frames, lengths = self.encoder(audio_signal.to(self.device), length.to(self.device))[:2]
        return frames, lengths.cpu()

    def run_decoder_joint(
        self, enc_logits: Tensor, targets: Tensor, target_length: Tensor, states: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """See the base class."""
        given = [part.to(self.device) for part in (enc_logits, targets, target_length, *states)]
        outputs = self.decoder_joint(*given)
        return outputs[0].cpu(), [part.cpu() for part in outputs[-len(states) :]]

    def initial_states(self, batch: int, blank: int) -> list[Tensor]:
        """See the base class."""
        layers, width = self._state_size
        return [torch.zeros(layers, batch, width), torch.zeros(layers, batch, width)]

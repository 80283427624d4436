"""An exported vocoder in onnxruntime, with the face of a vocoder."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

PROPERTIES = ("sample_rate", "hop_length", "context_frames")
"""What :meth:`~nemo.core.classes.exportable.Exportable.export` notes in the files of vocoders."""


class OnnxVocoder:
    """Turns spectrograms into audio by an `.onnx` file that `HifiGanModel.export` or `UnivNetModel.export` wrote.

    Args:
        path: the file.
        sample_rate: Hz; None: as the file says. Files of other toolkits do not.
        hop_length: samples of a frame; the same.
        context_frames: frames before and after its own that a sample depends on; the same.
        threads: that onnxruntime computes with; 0: as many as there are.

    Raises:
        ConfigError: the file does not say one of these and it is not given.
        MissingDependencyError: onnxruntime is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        sample_rate: int | None = None,
        hop_length: int | None = None,
        context_frames: int | None = None,
        threads: int = 0,
    ) -> None:
        runtime = require("onnxruntime", extra="export", purpose="an exported vocoder")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = runtime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
        noted = self.session.get_modelmeta().custom_metadata_map
        given = dict(zip(PROPERTIES, (sample_rate, hop_length, context_frames), strict=True))
        found = {name: noted.get(name) if value is None else value for name, value in given.items()}
        missing = [name for name, value in found.items() if value is None]
        if missing:
            raise ConfigError(
                f"{path} does not say its {', '.join(missing)}. Expected a file that HifiGanModel.export() wrote; for "
                f"another give OnnxVocoder(path, {', '.join(f'{name}=...' for name in missing)})."
            )
        self.sample_rate, self.hop_length, self.context_frames = (int(found[name]) for name in PROPERTIES)
        channels = {port.name: port.shape[1] for port in self.session.get_inputs()}
        self.noise_channels = int(channels.get("noise", 0))
        """Channels of UnivNet's noise; 0 for none."""

    def convert_spectrogram_to_audio(self, spec: Tensor, noise: Tensor | None = None, **kwargs: Any) -> Tensor:
        """Audio [B, T] of log-mel spectrograms.

        Args:
            spec: [B, D, F].
            noise: [B, N, F], for UnivNet; None draws it from PyTorch's default generator.
            kwargs: for other vocoders.
        """
        inputs = {"spec": spec}
        if self.noise_channels:
            size = (len(spec), self.noise_channels, spec.shape[2])
            inputs["noise"] = torch.randn(size) if noise is None else noise
        arrays = {name: value.detach().cpu().float().numpy() for name, value in inputs.items()}
        (audio,) = self.session.run(None, arrays)
        return torch.from_numpy(audio).squeeze(1)

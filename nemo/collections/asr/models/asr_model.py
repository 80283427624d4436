"""What all speech recognition models share: their data, transcription, error rates of sets."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf, open_dict
from torch import Tensor

from nemo.collections.asr.metrics.inner_layers import inner_results
from nemo.collections.asr.models.output_sizes import check_new_vocabulary
from nemo.core.classes.evaluation_outputs import outputs_of_set
from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.pretrained import PretrainedModelInfo, resolve_subclass_pretrained_model_info
from nemo.utils.exceptions import ConfigError
from nemo.utils.versions import release_of

logger = logging.getLogger(__name__)

PUNCTUATION_RELEASE = (2, 2)
"""1.23 writes ``it 's``, 3.0 ``it's``; in which release between them this began is not recorded."""


class ASRModel(ModelPT):
    """Base of speech recognition models: they have a `preprocessor`, an `encoder` and a `decoding`."""

    preprocessor: Any
    encoder: Any

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of all speech recognition classes."""
        import nemo.collections.asr.models as models

        for name in models.__all__:
            getattr(models, name)  # a class is only counted once it is loaded
        return resolve_subclass_pretrained_model_info(cls)

    @property
    def sample_rate(self) -> int:
        """Hz of the audio that the model takes."""
        return int(self.cfg.preprocessor.sample_rate)

    @property
    def closes_up_punctuation(self) -> bool:
        """Whether the release that made the model leaves out the space before a punctuation mark in transcripts."""
        return release_of(self.cfg.nemo_version) >= PUNCTUATION_RELEASE

    @property
    def frame_seconds(self) -> float:
        """Seconds of audio for each encoder frame."""
        from nemo.collections.asr.inference.encoder_context import features_of_a_frame

        section = self.cfg.preprocessor
        hop_seconds = section.get("window_stride") or section.n_window_stride / section.sample_rate
        return float(hop_seconds) * features_of_a_frame(self.encoder)

    def transcribe(
        self,
        audio: Any = None,
        batch_size: int = 4,
        *,
        paths2audio_files: Any = None,
        return_hypotheses: bool = False,
        logprobs: bool = False,
        timestamps: bool | None = None,
        num_workers: int | None = None,
        channel_selector: Any = None,
        augmentor: Any = None,
        verbose: bool = True,
        max_seconds: float | None = None,
        overlap_seconds: float | None = None,
        partial_hypothesis: Any = None,
        override_config: Any = None,
    ) -> list[Any]:
        """Transcribes recordings of any length: ``hypothesis = model.transcribe("a.wav", timestamps=True)[0]``.

        Args:
            audio: a path, a numpy array or tensor of samples at the model's rate, a list of such, the path of a
                manifest (``.json`` or ``.jsonl``), or a DataLoader whose batches begin with signals [B, T] and lengths.
            batch_size: recordings computed together; they are ordered by length, the results are not.
            paths2audio_files: the name of `audio` in release 1.
            return_hypotheses: keep the log-probabilities of every frame in ``hypothesis.alignments``.
            logprobs: return arrays of log-probabilities [S, V + 1] instead of transcripts.
            timestamps: True adds times of characters, words and segments, in frames and seconds.
            num_workers: threads that read files; one works beside the computation in any case.
            channel_selector: which channel of recordings with several: an index, or ``average``.
            augmentor: changes each recording first: a section, or an object with ``perturb(segment)``.
            verbose: show a progress bar.
            max_seconds: what is longer goes by overlapping chunks of this length; None: chosen from memory.
            overlap_seconds: that two chunks share; None: what the encoder sees, or 8 seconds.
            partial_hypothesis: of streams; recordings have none.
            override_config: a `TranscribeConfig` that stands for all of these but the audio.

        Returns:
            One :class:`~nemo.collections.asr.decoding.hypothesis.Hypothesis`, which is a ``str``, for each recording. A
            file that cannot be read gives an empty one with `error`, and is logged.
        """
        from nemo.collections.asr.inference.transcribe import Transcriber
        from nemo.collections.asr.inference.transcribe_config import TranscribeConfig

        config = override_config or TranscribeConfig(
            batch_size=batch_size,
            return_hypotheses=return_hypotheses,
            logprobs=logprobs,
            timestamps=timestamps,
            num_workers=num_workers,
            channel_selector=channel_selector,
            augmentor=augmentor,
            verbose=verbose,
            max_seconds=max_seconds,
            overlap_seconds=overlap_seconds,
            partial_hypothesis=partial_hypothesis,
        )
        return Transcriber(self, config).run(given_audio(audio, paths2audio_files))

    def conformer_stream_step(self, *arguments: Any, **named: Any) -> tuple[Any, ...]:
        """One step of a stream with a cache-aware encoder, for scripts of the original; `CacheAwareStream` is simpler.

        Arguments and results are those of :func:`nemo.collections.asr.inference.stream_chunks.stream_step`.
        """
        from nemo.collections.asr.inference.stream_chunks import stream_step

        return stream_step(self, *arguments, **named)

    def change_attention_model(
        self,
        self_attention_model: str | None = None,
        att_context_size: Sequence[int] | None = None,
        update_config: bool = True,
    ) -> None:
        """Gives a trained Conformer another attention with the same weights.

        ``model.change_attention_model("rel_pos_local_attn", [128, 128])`` makes memory grow with the length of a
        recording, not its square.

        Args:
            self_attention_model: rel_pos, rel_pos_local_attn or abs_pos; None: the present one.
            att_context_size: [left, right] encoder frames; None: the present one.
            update_config: write it into the model's config as well, and so into archives.

        Raises:
            ConfigError: the encoder has no attention, or cannot have this one.
        """
        self._need_of_encoder("change_attention_model")(self_attention_model, att_context_size, update_config)
        if update_config:
            cfg = copy.deepcopy(self.cfg)
            with open_dict(cfg):
                cfg.encoder.self_attention_model = self.encoder.self_attention_model
                cfg.encoder.att_context_size = self.encoder.att_context_size
            self.cfg = cfg

    def change_subsampling_conv_chunking_factor(
        self, subsampling_conv_chunking_factor: int, update_config: bool = True
    ) -> None:
        """Computes the subsampling of a Conformer in pieces, for long recordings.

        Args:
            subsampling_conv_chunking_factor: 1: by itself where it must; -1: never; or a power of 2.
            update_config: write it into the model's config as well.
        """
        self._need_of_encoder("change_subsampling_conv_chunking_factor")(subsampling_conv_chunking_factor)
        if update_config:
            cfg = copy.deepcopy(self.cfg)
            with open_dict(cfg):
                cfg.encoder.subsampling_conv_chunking_factor = subsampling_conv_chunking_factor
            self.cfg = cfg

    def _need_of_encoder(self, method: str) -> Any:
        """A method of the encoder; ConfigError if it is of another kind."""
        if not hasattr(self.encoder, method):
            raise ConfigError(f"{type(self.encoder).__name__} has no {method}; expected a ConformerEncoder.")
        return getattr(self.encoder, method)

    def _setup_dataloader_from_config(self, config: Any, where: str = "model.train_ds") -> Any:
        """The loader of one section; None, with a warning, if it names no manifest."""
        section = OmegaConf.create({"sample_rate": self.sample_rate})
        section.merge_with(config)
        if section.get("manifest_filepath", "") is None:
            logger.warning("%s.manifest_filepath is null: there is no such data", where)
            return None
        if section.sample_rate != self.sample_rate:
            raise ConfigError(
                f"{where}.sample_rate is {section.sample_rate}, but model.preprocessor.sample_rate is "
                f"{self.sample_rate} Hz. Set it to ${{model.sample_rate}}: files of other rates are resampled."
            )
        return self._build_loader(section, where)

    def _build_loader(self, section: DictConfig, where: str) -> Any:
        """The loader of a section that names a manifest; each kind of model has its own."""
        raise NotImplementedError(f"{type(self).__name__} reads no dataset sections; {where} cannot be used.")

    def _replace_sections(self, **sections: Any) -> None:
        """Makes another config with these sections the model's; the old one stays as it is."""
        config = copy.deepcopy(self.cfg)
        OmegaConf.set_struct(config, False)
        for name, section in sections.items():
            config[name] = section
        self.cfg = config

    def _exchange_labels(self, present: Sequence[str], new: Sequence[str], decoding_cfg: Any) -> None:
        """Makes other labels the model's; `change_vocabulary` of models over characters.

        Raises:
            ConfigError: no labels, one that is no string, or one that stands twice.
        """
        check_new_vocabulary(new)
        if list(new) == list(present):
            logger.warning("the new vocabulary is the present one: nothing changes")
            return
        self._change_outputs(list(new), decoding_cfg)
        self._relabel_datasets(new)

    def _change_outputs(self, vocabulary: Sequence[str], decoding_cfg: Any) -> None:
        """Builds all that depends on the tokens anew, untrained; each kind of model has its own."""
        raise NotImplementedError(f"{type(self).__name__} has no tokens to exchange.")

    def _relabel_datasets(self, labels: Sequence[str]) -> None:
        """Puts other labels into the config, also of datasets that have their own."""
        changed = {
            name: OmegaConf.merge(self.cfg[name], {"labels": list(labels)})
            for name in ("train_ds", "validation_ds", "test_ds")
            if self.cfg.get(name) is not None and "labels" in self.cfg[name]
        }
        self._replace_sections(labels=list(labels), **changed)

    def _training_log(self, loss: Tensor) -> dict[str, Any]:
        """What is logged at each step of training."""
        return {
            "train_loss": loss.detach(),
            "learning_rate": self._optimizer.param_groups[0]["lr"] if self._optimizer is not None else 0.0,
            "global_step": torch.tensor(self.trainer.global_step, dtype=torch.float32),
        }

    def _evaluate(self, batch: Any, prefix: str) -> dict[str, Tensor]:
        """Values of one batch of an evaluation set, under `<prefix>_` names; each kind of model has its own."""
        raise NotImplementedError(f"{type(self).__name__} cannot be validated or tested.")

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss and errors of a batch, kept for the end of the epoch."""
        results = self._evaluate(batch, "val")
        outputs_of_set(self.validation_step_outputs, dataloader_idx).append(results)
        step = torch.tensor(self.trainer.global_step, dtype=torch.float32)
        self.log("global_step", step, sync_dist=True, batch_size=1)
        return results

    def test_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Loss and errors of a batch, kept for the end of the test."""
        results = self._evaluate(batch, "test")
        outputs_of_set(self.test_step_outputs, dataloader_idx).append(results)
        return results

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches) and error rate of one validation set."""
        return _combine(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches) and error rate of one test set."""
        return _combine(outputs, "test")


def given_audio(audio: Any, paths2audio_files: Any) -> Any:
    """The one of the two that is given, which are names of the same argument; TypeError if it is not one."""
    given = [value for value in (audio, paths2audio_files) if value is not None]
    if len(given) != 1:
        raise TypeError(
            f"transcribe() got {len(given)} of audio and paths2audio_files, two names of the same argument; "
            "expected one: transcribe(audio=...)."
        )
    return given[0]


def _combine(outputs: list[dict[str, Tensor]], prefix: str) -> dict[str, Any]:
    """Results of a set from those of its batches. Without losses, as transducers may be evaluated, there is none."""
    log = {
        f"{prefix}_wer{search}": _sum(outputs, f"{prefix}_wer_num{search}")
        / _sum(outputs, f"{prefix}_wer_denom{search}")
        for search in ("", "_ctc")  # hybrids have a second one
        if f"{prefix}_wer_num{search}" in outputs[0]
    }
    log |= inner_results(outputs, prefix)
    if f"{prefix}_loss" not in outputs[0]:
        return {"log": log}
    loss = torch.stack([output[f"{prefix}_loss"] for output in outputs]).mean()
    return {f"{prefix}_loss": loss, "log": {f"{prefix}_loss": loss, **log}}


def _sum(outputs: list[dict[str, Tensor]], name: str) -> Tensor:
    return torch.stack([output[name] for output in outputs]).sum()

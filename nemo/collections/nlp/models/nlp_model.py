"""What models on a text encoder share: the tokenizer, the encoder, and the files of both in the archive."""

from __future__ import annotations

import atexit
import functools
import hashlib
import logging
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Trainer

from nemo.collections.nlp.modules.encoder import BertEncoder
from nemo.collections.nlp.modules.lm import get_lm_model
from nemo.collections.nlp.modules.tokenizers import get_tokenizer
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.pretrained import PretrainedModelInfo, resolve_subclass_pretrained_model_info
from nemo.core.neural_types import ChannelType, MaskType, NeuralType
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

TOKENIZER_FILES = ("vocab_file", "merges_file", "tokenizer_model")
"""Keys of a `tokenizer` section that name files; they travel in the archive."""


class NLPModel(ModelPT, Exportable):
    """Base of models with a `tokenizer` and a text encoder, `bert_model`; a subclass adds heads and data.

    Args:
        cfg: the `model` section: DictConfig, dict or dataclass. `tokenizer` and `language_model` may be absent.
        trainer: a Lightning Trainer; may be set later.
        no_lm_init: leave out the encoder; the subclass builds one.

    Raises:
        ConfigError: the encoder or the tokenizer cannot be built.
    """

    bert_model: BertEncoder
    hidden_size: int
    """H, width of the encoder's states."""

    def __init__(self, cfg: Any, trainer: Trainer | None = None, no_lm_init: bool = False) -> None:
        super().__init__(cfg, trainer)
        if _has_tokenizer(self.cfg):
            self.tokenizer  # noqa: B018 - built now, if no loader has asked for it yet, so that its files are registered
        if self.cfg.get("language_model") is not None and not no_lm_init:
            self.bert_model = self._build_encoder()
            self.hidden_size = self.bert_model.hidden_size
            self.register_bert_model()

    # ------------------------------------------------------------------------------------------ tokenizer and encoder

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The tokenizer: a ``TokenizerSpec``. Built on first use, because the base class needs it for its loaders."""
        if not _has_tokenizer(self.cfg):
            raise ConfigError(
                "model.tokenizer.tokenizer_name is not set. Expected the name of a published model, such as "
                "bert-base-uncased, or sentencepiece, word, char; set it, and the files that it needs."
            )
        return self._build_tokenizer(self.cfg.tokenizer)

    def setup_tokenizer(self, cfg: DictConfig | Mapping[str, Any]) -> None:
        """Gives the model the tokenizer of another `tokenizer` section, whose files become the model's."""
        self.tokenizer = self._build_tokenizer(cfg)

    def _build_tokenizer(self, section: Any) -> Any:
        keys = (*TOKENIZER_FILES, "use_fast", "bpe_dropout")
        given = {key: section.get(key) for key in keys if section.get(key)}
        for key in TOKENIZER_FILES:
            if given.get(key):
                found = self.register_artifact(f"tokenizer.{key}", str(given[key]), verify_src_exists=False)
                if found is None:
                    raise ConfigError(
                        f"model.tokenizer.{key} is {given[key]}, which does not exist. Expected the path of a file; "
                        "check it, or set it to null for that of the published model."
                    )
                given[key] = found
        special_tokens = section.get("special_tokens")
        if OmegaConf.is_config(special_tokens):
            special_tokens = OmegaConf.to_container(special_tokens, resolve=True)
        tokenizer = get_tokenizer(str(section["tokenizer_name"]), special_tokens=special_tokens, **given)
        if not any(given.get(key) for key in TOKENIZER_FILES):
            self._register_vocabulary(tokenizer)
        return tokenizer

    def _register_vocabulary(self, tokenizer: Any) -> None:
        """Makes the files of a published tokenizer the model's own, so that its archive needs no cache."""
        folder = Path(tempfile.mkdtemp(dir=_folder_of_process()))
        try:
            files = [Path(file) for file in tokenizer.save_vocabulary(str(folder)) or ()]
        except (NotImplementedError, ValueError) as error:
            logger.warning("the tokenizer cannot write its vocabulary; the archive will lack it: %s", error)
            return
        for key, names in (("vocab_file", ("vocab.txt", "vocab.json")), ("merges_file", ("merges.txt",))):
            for file in files:
                if file.name in names:
                    self.register_artifact(f"tokenizer.{key}", str(file))

    def _build_encoder(self) -> BertEncoder:
        """The encoder of `language_model`; its config file, if it names one, is an artifact."""
        section = self.cfg.language_model
        config_file = section.get("config_file")
        if config_file:
            config_file = self.register_artifact(
                "language_model.config_file", str(config_file), verify_src_exists=False
            ) or str(config_file)
        return get_lm_model(
            config_dict=section.get("config"),
            config_file=config_file,
            vocab_file=self.cfg.tokenizer.get("vocab_file") if self.cfg.get("tokenizer") is not None else None,
            trainer=self.trainer,
            cfg=self.cfg,
        )

    def register_bert_model(self) -> None:
        """Makes the encoder's config an artifact, so that the archive describes it whole."""
        if "language_model.config_file" in self.artifacts:
            return
        content = self.bert_model.config.to_json_string(use_diff=False)
        folder = _folder_of_process() / hashlib.sha256(content.encode("utf-8")).hexdigest()[:16]
        folder.mkdir(exist_ok=True)
        with atomic_write(folder / "_encoder_config.json") as temporary:
            temporary.write_text(content, encoding="utf-8")
        self.register_artifact("language_model.config_file", str(folder / "_encoder_config.json"))

    # -------------------------------------------------------------------------------------------------- network, export

    @property
    def input_module(self) -> Any:
        """The encoder: its inputs are those of an exported file."""
        return self.bert_model

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens, which of them count, and to which of two texts they belong."""
        return {
            "input_ids": NeuralType(("B", "T"), ChannelType()),
            "attention_mask": NeuralType(("B", "T"), MaskType(), optional=True),
            "token_type_ids": NeuralType(("B", "T"), ChannelType(), optional=True),
        }

    def input_example(self, max_batch: int = 2, max_dim: int = 32) -> tuple[Any, ...]:
        """Random tokens, for tracing."""
        example: tuple[Any, ...] = self.bert_model.input_example(max_batch, max_dim)
        return example

    @property
    def encoder(self) -> BertEncoder:
        """The encoder, under the name that other models have for theirs."""
        return self.bert_model

    # --------------------------------------------------------------------------------------------------- evaluation

    def test_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        """What :meth:`validation_step` gives; :attr:`testing` is True meanwhile."""
        of_set = () if dataloader_idx == 0 else (dataloader_idx,)  # steps for one set do not take its number
        return self.validation_step(batch, batch_idx, *of_set)

    def keep_step_output(self, output: Any, dataloader_idx: int = 0) -> None:
        """Keeps what a validation or test step gave for the end of the epoch; the same object only once."""
        outputs = self.test_step_outputs if self.testing else self.validation_step_outputs
        if outputs and isinstance(outputs[0], list):
            outputs = outputs[dataloader_idx]
        if not any(kept is output for kept in outputs[-1:]):
            outputs.append(output)

    def on_validation_batch_end(self, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Keeps what a step returned that did not do so itself, as steps written for release 1 do not."""
        if isinstance(outputs, Mapping):
            self.keep_step_output(outputs, dataloader_idx)

    def on_test_batch_end(self, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """As :meth:`on_validation_batch_end`."""
        self.on_validation_batch_end(outputs, batch, batch_idx, dataloader_idx)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of all text classes."""
        return resolve_subclass_pretrained_model_info(cls)

    @property
    def max_length(self) -> int | None:
        """Most tokens of a text that the encoder takes; None: any number."""
        return self.bert_model.max_length


def _has_tokenizer(cfg: DictConfig) -> bool:
    return cfg.get("tokenizer") is not None and cfg.tokenizer.get("tokenizer_name") is not None


@functools.cache
def _folder_of_process() -> Path:
    """Where files are written that belong to models of this process; removed at its end."""
    folder = tempfile.mkdtemp(prefix="nemo_nlp_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def device_of(model: torch.nn.Module) -> torch.device:
    """Where the weights of a model are."""
    return next(model.parameters()).device

"""The base of every trainable model: a LightningModule with its data, optimizer, archive and configuration.

    cfg -> ModelPT(cfg, trainer) -> trainer.fit(model) -> model.save_to("x.nemo") -> ModelPT.restore_from("x.nemo")

The parts that a model *has* live in files of their own: evaluation_sets.py (several validation sets),
optimization.py (optimizer and schedule), weight_init.py (fine-tuning), the connector (archives), and nemo.core.training
(what happens while it trains).
"""

from __future__ import annotations

import copy
import functools
import logging
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.utilities.data import AttributeDict
from omegaconf import DictConfig, OmegaConf, open_dict
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.utilities.model_summary import ModelSummary

from nemo.aliases import public_path
from nemo.core.classes.evaluation_sets import SHORT, epoch_end, setup_evaluation_loaders
from nemo.core.classes.model import Model
from nemo.core.classes.optimization import parameter_groups, setup_optimization
from nemo.core.classes.serialization import plain_config
from nemo.core.classes.sharding import shard_for_strategy
from nemo.core.classes.weight_init import LoadReport, init_from_checkpoint, load_part_of_state_dict
from nemo.core.connectors.artifacts import ArtifactItem
from nemo.core.connectors.checkpoints import add_to_checkpoint, load_model_from_checkpoint
from nemo.core.connectors.restoring import current_restoration
from nemo.core.connectors.resume_reading import read_checkpoints_plainly
from nemo.core.connectors.save_restore_connector import SaveRestoreConnector
from nemo.package_info import __version__
from nemo.utils.app_state import AppState
from nemo.utils.exceptions import ConfigError, NeMoBaseException

logger = logging.getLogger(__name__)

# A model without validation data gives Lightning an empty list of loaders, which is nothing to warn about.
warnings.filterwarnings("ignore", "Total length of `list` across ranks is zero", UserWarning)
# Lightning 2.6 on PyTorch 2.13: of no use to those who train.
warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated")

DATASET_SECTIONS = ("train_ds", "validation_ds", "test_ds")


class ModelPT(LightningModule, Model):
    """A model that is trained by Lightning and kept in one `.nemo` file.

    A subclass builds its network in `__init__` after calling `super().__init__(cfg, trainer)`, and implements
    `setup_training_data(cfg)`, `setup_validation_data(cfg)`, `forward`, `training_step` and `list_available_models`.

    Args:
        cfg: the `model` section of a config: DictConfig, dict or dataclass. A copy with all interpolations resolved is
            kept in `self.cfg`.
        trainer: the Trainer; may be given later with :meth:`set_trainer`.

    Raises:
        ValueError: `trainer` is no Trainer, or `cfg` is a whole config instead of its `model` section.
    """

    _save_restore_connector = SaveRestoreConnector()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._save_restore_connector = copy.copy(
            cls._save_restore_connector
        )  # changing one class leaves the others alone
        if "training_step" in vars(cls):
            cls.training_step = _logging_its_dict(cls.training_step)  # type: ignore[method-assign]

    def __init__(self, cfg: DictConfig, trainer: Trainer | None = None) -> None:
        if trainer is not None and not isinstance(trainer, Trainer):
            raise ValueError(f"trainer must be a pytorch_lightning.Trainer or None, not {type(trainer).__name__}")
        super().__init__()
        self._cfg = _model_config(cfg, type(self))
        self._remember_config()
        self.set_trainer(trainer)
        self.artifacts: dict[str, ArtifactItem] = {}
        self.model_guid = str(uuid.uuid4())
        self._nemo_submodule_name_to_config_field: dict[str, str | None] = {}
        self._train_dl: Any = None
        self._validation_dl: Any = None
        self._test_dl: Any = None
        self._validation_names: list[str] | None = None
        self._test_names: list[str] | None = None
        self._val_dl_idx = 0
        self._test_dl_idx = 0
        self._validation_step_outputs: list[Any] | None = None
        self._test_step_outputs: list[Any] | None = None
        self._optimizer: torch.optim.Optimizer | None = None
        self._scheduler: dict[str, Any] | None = None
        self._optimizer_param_groups: list[dict[str, Any]] | None = None
        self._is_multi_dataset = False
        restoration = current_restoration()
        AppState().register_model_guid(self.model_guid, restoration.source if restoration else None)
        self._setup_data(restored=restoration is not None)

    # --------------------------------------------------------------------------------------------------------- data

    def _setup_data(self, restored: bool) -> None:
        """Builds the loaders of the sections that are there; a restored model waits until it is told."""
        for section in DATASET_SECTIONS:
            config = self._cfg.get(section)
            if config is None:
                continue
            if restored:
                logger.debug("%s is not set up while the model is restored; it was: %s", section, config)
            elif not config.get("defer_setup"):
                self._setup_section(section, config)

    def _setup_section(self, section: str, config: DictConfig) -> None:
        if section == "train_ds":
            self.setup_training_data(config)
        elif section == "validation_ds":
            self.setup_multiple_validation_data(config)
        else:
            self.setup_multiple_test_data(config)

    def setup_training_data(self, train_data_config: DictConfig | dict[str, Any]) -> None:
        """Sets `self._train_dl` from a `train_ds` section, by :meth:`_setup_dataloader_from_config`."""
        self._train_dl = self._loader_of("train", train_data_config)

    def setup_validation_data(self, val_data_config: DictConfig | dict[str, Any]) -> None:
        """Sets `self._validation_dl` from a `validation_ds` section of one set."""
        self._validation_dl = self._loader_of("validation", val_data_config)

    def setup_test_data(self, test_data_config: DictConfig | dict[str, Any]) -> None:
        """Sets `self._test_dl` from a `test_ds` section of one set."""
        self._test_dl = self._loader_of("test", test_data_config)

    def _loader_of(self, kind: str, section: DictConfig | dict[str, Any]) -> Any:
        self._update_dataset_config(kind, section)
        return self._setup_dataloader_from_config(section, f"model.{kind}_ds")

    def _setup_dataloader_from_config(self, config: Any, where: str) -> Any:
        """The loader of a dataset's section, None if there is no such data; `where` names the section.

        A model implements this, or the methods `setup_..._data` that it needs.
        """
        raise NotImplementedError(f"{type(self).__name__} has a section {where}, and no method that builds its loader")

    def setup_multiple_validation_data(self, val_data_config: DictConfig | dict[str, Any]) -> None:
        """Sets up every validation set that a `validation_ds` section lists."""
        self._setup_evaluation_data("validation", val_data_config)

    def setup_multiple_test_data(self, test_data_config: DictConfig | dict[str, Any]) -> None:
        """Sets up every test set that a `test_ds` section lists."""
        self._setup_evaluation_data("test", test_data_config)

    def _setup_evaluation_data(self, kind: str, config: DictConfig | dict[str, Any]) -> None:
        config = config if isinstance(config, DictConfig) else OmegaConf.create(dict(config))
        self._update_dataset_config(kind, config)
        setattr(self, f"_{kind}_names", None)
        setattr(self, f"_{kind}_step_outputs", None)
        self._is_multi_dataset = True
        try:
            setup_evaluation_loaders(self, kind, config)
        finally:
            self._is_multi_dataset = False
        loaders = getattr(self, f"_{kind}_dl")
        if getattr(self, f"_{kind}_names") is None:
            count = len(loaders) if isinstance(loaders, list) else int(loaders is not None)
            setattr(self, f"_{kind}_names", [f"{SHORT[kind]}_{index}_" for index in range(count)])

    def _update_dataset_config(self, dataset_name: str, config: DictConfig | dict[str, Any] | None) -> None:
        """Keeps the section that a set was built from in `self.cfg`."""
        if dataset_name not in ("train", "validation", "test"):
            raise ValueError(f"dataset_name is {dataset_name!r}; expected train, validation or test")
        if config is None or self._is_multi_dataset:
            return
        with open_dict(self._cfg):
            self._cfg[f"{dataset_name}_ds"] = copy.deepcopy(config)

    def setup(self, stage: str | None = None) -> None:
        """Builds the loaders that were deferred (`defer_setup: true`) when Lightning needs them."""
        wanted = {
            "fit": {"train_ds": self._train_dl, "validation_ds": self._validation_dl},
            "validate": {"validation_ds": self._validation_dl},
            "test": {"test_ds": self._test_dl},
        }
        for section, loader in wanted.get(stage or "fit", {}).items():
            config = self._cfg.get(section)
            if loader is None and config is not None and config.get("defer_setup"):
                self._setup_section(section, config)

    def configure_model(self) -> None:
        """Called by Lightning before training: shards the model, if the trainer's strategy says so."""
        shard_for_strategy(self)

    def train_dataloader(self) -> Any:
        """The training loader; None if there is none."""
        return self._train_dl

    def val_dataloader(self) -> Any:
        """The validation loader or loaders; an empty list if there is none."""
        return self._validation_dl if self._validation_dl is not None else []

    def test_dataloader(self) -> Any:
        """The test loader or loaders; an empty list if there is none."""
        return self._test_dl if self._test_dl is not None else []

    # --------------------------------------------------------------------------------------------------- evaluation

    @property
    def validation_step_outputs(self) -> list[Any]:
        """Where validation_step puts its outputs: one list, or a list per set when there are several."""
        return self._step_outputs("validation")

    @validation_step_outputs.setter
    def validation_step_outputs(self, value: list[Any]) -> None:
        self._validation_step_outputs = value

    @property
    def test_step_outputs(self) -> list[Any]:
        """Where test_step puts its outputs: one list, or a list per set when there are several."""
        return self._step_outputs("test")

    @test_step_outputs.setter
    def test_step_outputs(self, value: list[Any]) -> None:
        self._test_step_outputs = value

    def _step_outputs(self, kind: str) -> list[Any]:
        outputs: list[Any] | None = getattr(self, f"_{kind}_step_outputs")
        if outputs is None:
            loaders = getattr(self, f"_{kind}_dl")
            several = isinstance(loaders, (list, tuple)) and len(loaders) > 1
            outputs = [[] for _ in loaders] if several else []
            setattr(self, f"_{kind}_step_outputs", outputs)
        return outputs

    def on_validation_epoch_end(self, sync_metrics: bool = False) -> dict[str, Any]:  # type: ignore[override]
        """Combines and logs what the validation steps gave."""
        return epoch_end(self, "validation", sync_metrics)

    def on_test_epoch_end(self) -> dict[str, Any]:  # type: ignore[override]
        """Combines and logs what the test steps gave."""
        return epoch_end(self, "test")

    def multi_validation_epoch_end(self, outputs: list[Any], dataloader_idx: int = 0) -> dict[str, Any] | None:
        """Override: combines the outputs of one validation set; a dict, entries under `log` are logged."""
        logger.warning(
            "%s has validation results but no multi_validation_epoch_end to combine them", type(self).__name__
        )
        return None

    def multi_test_epoch_end(self, outputs: list[Any], dataloader_idx: int = 0) -> dict[str, Any] | None:
        """Override: combines the outputs of one test set; a dict, entries under `log` are logged."""
        logger.warning("%s has test results but no multi_test_epoch_end to combine them", type(self).__name__)
        return None

    def get_validation_dataloader_prefix(self, dataloader_idx: int = 0) -> str:
        """Prefix of a validation set's metrics."""
        return (self._validation_names or [])[dataloader_idx]

    def get_test_dataloader_prefix(self, dataloader_idx: int = 0) -> str:
        """Prefix of a test set's metrics."""
        return (self._test_names or [])[dataloader_idx]

    @property
    def testing(self) -> bool:
        """True while the trainer tests."""
        return self._trainer is not None and self._trainer.testing

    def prepare_test(self, trainer: Trainer) -> bool:
        """Whether testing is possible: there is a `test_ds`, and one device (several would repeat samples)."""
        if self._cfg.get("test_ds") is None:
            logger.info("there is no test_ds: testing is skipped")
            return False
        if trainer.num_devices * trainer.num_nodes > 1:
            logger.info("testing is skipped on several devices, because samples would be repeated; use devices=1")
            return False
        self.set_trainer(trainer)
        return True

    # ------------------------------------------------------------------------------------ optimization and training

    def configure_callbacks(self) -> list[Callback]:
        """Called by Lightning: what the config asks for while the model trains; see :mod:`nemo.core.training`."""
        from nemo.core.training.callbacks import training_callbacks

        return training_callbacks(self, self.cfg)

    def setup_optimizer_param_groups(self) -> None:
        """Sets `self._optimizer_param_groups`; override for groups of one's own."""
        self._optimizer_param_groups = parameter_groups(self)

    def setup_optimization(
        self, optim_config: DictConfig | dict[str, Any] | None = None, optim_kwargs: dict[str, Any] | None = None
    ) -> tuple[torch.optim.Optimizer, dict[str, Any] | None] | None:
        """Builds the optimizer and the schedule.

        Args:
            optim_config: an `optim` section; default: that of `self.cfg`.
            optim_kwargs: more arguments of the optimizer.

        Returns:
            The optimizer and Lightning's scheduler dict (None without `sched`); None when there is no config at all.
        """
        self.setup_optimizer_param_groups()
        built = setup_optimization(self, optim_config, optim_kwargs)
        if built is None:
            return None
        self._optimizer, self._scheduler = built
        return built

    def configure_optimizers(self) -> Any:
        """Called by Lightning: the optimizer, with its schedule if there is one."""
        self.setup_optimization()
        if self._scheduler is None:
            return self._optimizer
        return [self._optimizer], [self._scheduler]

    def maybe_init_from_pretrained_checkpoint(self, cfg: DictConfig, map_location: str = "cpu") -> None:
        """Loads weights that `init_from_nemo_model`, `_pretrained_model` or `_ptl_ckpt` of `cfg` name (rank zero)."""
        from nemo.utils.get_rank import is_global_rank_zero

        if is_global_rank_zero():  # DDP sends the weights of rank zero to the others
            init_from_checkpoint(self, cfg, map_location)

    def load_part_of_state_dict(
        self,
        state_dict: dict[str, torch.Tensor],
        include: list[str],
        exclude: list[str],
        load_from_string: str | None = None,
    ) -> LoadReport:
        """Loads the tensors whose name contains a string of `include` and none of `exclude`."""
        return load_part_of_state_dict(self, state_dict, include, exclude, load_from_string)

    # ------------------------------------------------------------------------------------------- saving and restoring

    def save_to(self, save_path: str, *, safetensors: bool = False) -> None:
        """Writes weights, config and artifacts to one `.nemo` file, atomically; rank zero only.

        Args:
            save_path: the file; `~` and missing folders are taken care of.
            safetensors: write the weights as `model_weights.safetensors`, which the original cannot read. So does
                `save_safetensors: true` in the model's config, or in its connector.
        """
        connector = type(self)._save_restore_connector
        if safetensors:
            connector = copy.copy(connector)
            connector.save_safetensors = True
        parallel = AppState().model_parallel_size
        if parallel is not None and parallel > 1 and type(connector) is SaveRestoreConnector:
            raise ValueError(
                "a model that is split over devices needs a connector that knows how: see update_save_restore_connector"
            )
        path = Path(save_path).expanduser().resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        connector.save_to(self, str(path))

    @classmethod
    def restore_from(  # type: ignore[override]  # the original's order of arguments differs from FileIO's
        cls,
        restore_path: str,
        override_config_path: DictConfig | str | None = None,
        map_location: torch.device | str | None = None,
        strict: bool = True,
        return_config: bool = False,
        save_restore_connector: SaveRestoreConnector | None = None,
        trainer: Trainer | None = None,
        trusted_targets: Iterable[str] = (),
    ) -> Any:
        """Builds a NEW model from a `.nemo` file; called on an instance, that instance stays as it is.

        Args:
            restore_path: the `.nemo` file.
            override_config_path: a YAML file or DictConfig of yours, used instead of the archive's config.
            map_location: where the weights go; None: the GPU if there is one, else the CPU.
            strict: the state dict must fit exactly.
            return_config: return the DictConfig and read nothing else.
            save_restore_connector: a connector of your own.
            trainer: passed on to the model.
            trusted_targets: classes besides the toolkit's own that the archive may build: exact dotted names, or
                prefixes that end in a dot. Classes that your program has imported need not be listed.

        Raises:
            FileNotFoundError: the file is missing.
            ArchiveError: it is broken or of another class; UnsafeArchiveError: it holds something that could harm.
        """
        connector = save_restore_connector or cls._save_restore_connector
        if trusted_targets:
            connector = copy.copy(connector)
            connector.trusted_targets = (*connector.trusted_targets, *trusted_targets)
        return connector.restore_from(
            cls, restore_path, override_config_path, map_location, strict, return_config, trainer
        )

    @classmethod
    def extract_state_dict_from(
        cls,
        restore_path: str,
        save_dir: str | None = None,
        split_by_module: bool = False,
        save_restore_connector: SaveRestoreConnector | None = None,
    ) -> dict[str, torch.Tensor]:
        """The weights of an archive, without building the model.

        Args:
            restore_path: the `.nemo` file.
            save_dir: also write them there; None: write nothing.
            split_by_module: write a file for each top-level module.
            save_restore_connector: a connector of one's own.

        Raises:
            FileExistsError: `restore_path` does not exist (the original's choice of error).
        """
        if not Path(restore_path).expanduser().exists():
            raise FileExistsError(f"{restore_path} does not exist. Expected a .nemo file; check the path.")
        connector = save_restore_connector or cls._save_restore_connector
        return connector.extract_state_dict_from(restore_path, save_dir, split_by_module)

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]
        cls,
        checkpoint_path: str,
        map_location: Any = None,
        hparams_file: str | None = None,
        strict: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Builds a model from a Lightning checkpoint; its files (tokenizer, ...) are in the checkpoint if we wrote it.

        Args:
            checkpoint_path: the `.ckpt` file.
            map_location: where the weights go; None: the CPU.
            hparams_file: a YAML file whose `cfg` replaces the checkpoint's.
            strict: the state dict must fit exactly.
            kwargs: arguments of the class, in place of those in the checkpoint (`cfg`, `trainer`).
        """
        return load_model_from_checkpoint(cls, checkpoint_path, map_location, hparams_file, strict, **kwargs)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Makes a Lightning checkpoint hold only plain containers and tensors, and the model's files."""
        add_to_checkpoint(self, checkpoint)

    @classmethod
    def update_save_restore_connector(cls, save_restore_connector: SaveRestoreConnector) -> None:
        """Gives this class another connector."""
        cls._save_restore_connector = save_restore_connector

    def register_artifact(self, config_path: str, src: str | None, verify_src_exists: bool = True) -> str | None:
        """Makes a file part of the model: it is packed into the archive and found again on restore.

        Args:
            config_path: the config key that names the file, `tokenizer.model_path`.
            src: its path now; None and "" are returned unchanged.
            verify_src_exists: a missing file is an error; otherwise a warning, and None is returned.

        Returns:
            The absolute path of the file.

        Raises:
            FileNotFoundError: the file is not there.
            NeMoBaseException: `src` is itself a `.nemo` file (use :meth:`register_nemo_submodule`).
        """
        if not src:
            return src
        if Path(src).suffix == ".nemo":
            raise NeMoBaseException(
                f"{src} is a model; nest it with register_nemo_submodule instead of register_artifact"
            )
        if config_path in self.artifacts and self.artifacts[config_path].path != src:
            logger.warning("the artifact %s was %s and is now %s", config_path, self.artifacts[config_path].path, src)
        return type(self)._save_restore_connector.register_artifact(self, config_path, src, verify_src_exists)

    def has_artifacts(self) -> bool:
        """Whether files of its own belong to the model."""
        return bool(self.artifacts)

    def has_native_or_submodules_artifacts(self) -> bool:
        """Whether files belong to the model or to a model nested in it."""
        return any(module.has_artifacts() for _, _, module in self.named_nemo_modules())

    def register_nemo_submodule(self, name: str, config_field: str | None, model: ModelPT) -> None:
        """Nests a model: it becomes the attribute `name`, and its config is saved under `config_field`.

        Raises:
            NeMoBaseException: `model` is no ModelPT, or this model's `__init__` has not run yet.
        """
        if not isinstance(model, ModelPT):
            raise NeMoBaseException(f"{name} is a {type(model).__name__}; only models (ModelPT) are nested this way")
        if "_nemo_submodule_name_to_config_field" not in vars(self):
            raise NeMoBaseException("call super().__init__(cfg, trainer) before register_nemo_submodule")
        self._nemo_submodule_name_to_config_field[name] = config_field
        setattr(self, name, model)

    def has_nemo_submodules(self) -> bool:
        """Whether models are nested in this one."""
        return bool(self._nemo_submodule_name_to_config_field)

    def named_nemo_modules(self, prefix_name: str = "", prefix_config: str = "") -> Iterator[tuple[str, str, ModelPT]]:
        """This model and all nested ones: (attribute path, config path, model), this one first."""
        yield prefix_name, prefix_config, self
        for name, config_field in self._nemo_submodule_name_to_config_field.items():
            path = f"{prefix_name}.{name}" if prefix_name else name
            config_path = f"{prefix_config}.{config_field}" if prefix_config else config_field or ""
            yield from getattr(self, name).named_nemo_modules(path, config_path)

    # -------------------------------------------------------------------------------------------- config and trainer

    @property
    def cfg(self) -> DictConfig:
        """The model's configuration; changing it does not rebuild the model."""
        return self._cfg

    @cfg.setter
    def cfg(self, cfg: DictConfig) -> None:
        self._cfg = cfg
        self._remember_config()

    def _remember_config(self) -> None:
        """Hands the config to Lightning: as it is for `hparams`, as plain values for the loggers."""
        self._set_hparams({"cfg": self._cfg})
        self._hparams_initial = AttributeDict(cfg=OmegaConf.to_container(self._cfg, resolve=True))
        self._log_hyperparams = True  # hparams.yaml of the run

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute, Lightning's own note of which hook runs past PyTorch: it comes fifty times a step."""
        if name == "_current_fx_name":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def trainer(self) -> Any:
        """The Trainer; None while the model has none."""
        return self._trainer

    @trainer.setter
    def trainer(self, trainer: Trainer | None) -> None:
        self._trainer = trainer
        if trainer is not None:
            read_checkpoints_plainly(trainer)
        for child in self.children():
            if isinstance(child, LightningModule):
                child.trainer = trainer

    def set_trainer(self, trainer: Trainer | None) -> None:
        """Gives the model its trainer, for what depends on the length of training or the number of devices."""
        self.trainer = trainer
        self.set_world_size(trainer)

    def set_world_size(self, trainer: Trainer | None) -> None:
        """Sets `self.world_size` to the number of processes that will train."""
        self.world_size = trainer.num_devices * trainer.num_nodes if trainer is not None else 1
        AppState().world_size = self.world_size

    def propagate_model_guid(self) -> None:
        """Gives the submodules this model's `model_guid`, by which they find its settings; nested ones keep theirs."""
        nested = [model for _, _, model in self.named_nemo_modules() if model is not self]
        of_others = {id(module) for model in nested for module in model.modules()}
        for module in self.modules():
            if id(module) not in of_others:
                module.model_guid = self.model_guid  # type: ignore[assignment]

    def summarize(self, max_depth: int = 1) -> ModelSummary:
        """A table of the model's modules and their sizes, printable."""
        return ModelSummary(self, max_depth=max_depth)

    @property
    def num_weights(self) -> int:
        """Number of trainable parameters."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)


def _model_config(cfg: Any, model_class: type) -> DictConfig:
    """A resolved copy of `cfg` with `target` and `nemo_version`."""
    config = plain_config(cfg)
    if "model" in config:
        raise ConfigError(
            f"{model_class.__name__} was given a whole config (it has a `model` section); give it the section: "
            f"{model_class.__name__}(cfg=cfg.model, trainer=trainer)"
        )
    OmegaConf.set_struct(config, False)
    config.setdefault("target", public_path(model_class))
    config.setdefault("nemo_version", __version__)
    return config


def _logging_its_dict(step: Callable[..., Any]) -> Callable[..., Any]:
    """A training_step whose returned dict may hold values to log under `log`."""

    @functools.wraps(step)
    def training_step(self: ModelPT, *args: Any, **kwargs: Any) -> Any:
        output = step(self, *args, **kwargs)
        if isinstance(output, dict) and "log" in output:
            self.log_dict(output.pop("log"), on_step=True)
        return output

    return training_step

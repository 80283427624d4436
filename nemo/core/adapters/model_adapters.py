"""What makes a model take adapters: which there are is in its config, and parts of its network hold them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from nemo.core.adapters.adapter_files import read_adapters, write_adapters
from nemo.core.adapters.module_adapters import AdapterModuleMixin, chosen_names
from nemo.core.adapters.names import GLOBAL_KEY, METADATA_KEY, check_new_name, split_name
from nemo.core.adapters.strategies.residual_add import LOSS_NAME
from nemo.core.adapters.unfreezing import unfreeze_enabled
from nemo.core.classes.access import AccessMixin
from nemo.core.classes.serialization import plain_config
from nemo.utils.exceptions import ConfigError
from nemo.utils.whole_weights import whole_state_dict

logger = logging.getLogger(__name__)


class AdapterModelPTMixin:
    """Gives a model adapters. `cfg.adapters` has a section for each, and `global_cfg` says which part has it.

    A model says in :attr:`adapter_module_names` which of its attributes take adapters, and calls
    :meth:`setup_adapters` at the end of its `__init__`, so that a restored model has its adapters again. One that
    names no attributes adds them to its network itself, after ``super().add_adapter(name, cfg)``.
    """

    adapter_global_cfg_key = GLOBAL_KEY
    adapter_metadata_cfg_key = METADATA_KEY
    cfg: DictConfig

    @property
    def adapter_module_names(self) -> list[str]:
        """Names of the parts that may have adapters, "" for the default part among them."""
        return [""]

    @property
    def default_adapter_module_name(self) -> str | None:
        """The part that gets an adapter whose name does not say; None: the model decides itself."""
        return None

    # ------------------------------------------------------------------------------------------------------- config

    @property
    def _adapter_sections(self) -> DictConfig:
        """The `adapters` section; empty if there is none."""
        section = self.cfg.get("adapters")
        return OmegaConf.create({}) if section is None else section

    def _adapter_names(self) -> list[str]:
        return [str(name) for name in self._adapter_sections if name != GLOBAL_KEY]

    def _part_of(self, adapter: str) -> str:
        """The part that the config says an adapter belongs to."""
        return OmegaConf.select(self._adapter_sections, f"{GLOBAL_KEY}.{METADATA_KEY}.modules", default={}).get(
            adapter, ""
        )

    def _full_name(self, adapter: str) -> str:
        part = self._part_of(adapter)
        return f"{part}:{adapter}" if part else adapter

    def _replace_adapter_sections(self, sections: Any) -> None:
        """Makes another config with these sections the model's, and its network's."""
        config = self.cfg.copy()
        OmegaConf.set_struct(config, False)
        if sections:
            config.adapters = sections
        else:
            config.pop("adapters", None)
        self.cfg = config
        self.update_adapter_cfg(self._adapter_sections)

    def update_adapter_cfg(self, cfg: DictConfig) -> None:
        """Hands an `adapters` section to all parts of the network, after it was edited."""
        for module in self._adapter_modules():
            module.adapter_cfg = cfg

    def _adapter_modules(self) -> Iterator[AdapterModuleMixin]:
        """The parts of the network that hold adapters themselves."""
        network: Any = self
        return (part for part in network.modules() if isinstance(part, AdapterModuleMixin) and part._has_stack())

    def resolve_adapter_module_name_(self, name: str) -> tuple[str, str]:
        """The part and the adapter that a name means; the part is "" for the default one, or several joined by +.

        Raises:
            ConfigError: there is no such part.
        """
        part, adapter = split_name(name)
        part = part or self._part_of(adapter)
        unknown = [each for each in part.split("+") if each not in self.adapter_module_names]
        if unknown:
            offered = ", ".join(each for each in self.adapter_module_names if each) or "none by name"
            raise ConfigError(
                f"the adapter's name {name!r} says {unknown[0]!r}; parts of a {type(self).__name__} with adapters are: "
                f"{offered}."
            )
        return part, adapter

    # ----------------------------------------------------------------------------------------------------- adapters

    def setup_adapters(self) -> None:
        """Adds the adapters that the config lists to a network that has none yet."""
        sections = self._adapter_sections
        names = self._adapter_names()
        if not names:
            return
        full_names = {name: self._full_name(name) for name in names}
        # global_cfg stays; the sections come back one by one, with the checks of any new adapter
        self._replace_adapter_sections({GLOBAL_KEY: sections[GLOBAL_KEY]} if GLOBAL_KEY in sections else None)
        for name in names:
            self.add_adapter(full_names[name], sections[name])
        logger.info("adapters: %s", ", ".join(full_names.values()))

    def add_adapter(self, name: str, cfg: Any) -> None:
        """Builds an adapter and adds it to a part of the network, after those that are there.

            model.add_adapter("encoder:domain", {"_target_": "...LinearAdapter", "in_features": 512, "dim": 64})

        Args:
            name: NAME, or PART:NAME with a part of :attr:`adapter_module_names`; PART+PART:NAME for several.
            cfg: section of the adapter: DictConfig, dict or dataclass; `enabled` (true) says whether it is applied.

        Raises:
            ConfigError: the name is taken or reserved, or the part does not take such adapters.
        """
        self.check_valid_model_with_adapter_support_()
        part, adapter = self.resolve_adapter_module_name_(name)
        check_new_name(adapter)
        if adapter in self._adapter_names():
            raise ConfigError(
                f"there is an adapter {adapter!r} already; the names of a model's adapters are unique. They "
                f"are {', '.join(self._adapter_names())}. Choose another."
            )
        section = plain_config(cfg)
        OmegaConf.set_struct(section, False)
        section.setdefault("enabled", True)
        places = self._places(part)
        try:
            for place in places:
                place.add_adapter(adapter, section)
        except BaseException:
            for place in places:
                place._remove_adapter(adapter)
            raise
        entry = {adapter: section, GLOBAL_KEY: {METADATA_KEY: {"modules": {adapter: part}}}}
        self._replace_adapter_sections(OmegaConf.merge(self._adapter_sections, entry))

    def _places(self, part: str) -> list[AdapterModuleMixin]:
        """The attributes that a part means, after checking that they take adapters."""
        names = [each or self.default_adapter_module_name for each in part.split("+")]
        places = []
        for name in names:
            if name is None:
                continue
            place = getattr(self, name, None)
            if not isinstance(place, AdapterModuleMixin):
                raise ConfigError(_takes_no_adapters(name, place, type(self)))
            places.append(place)
        return places

    def check_valid_model_with_adapter_support_(self) -> None:
        """Override: raises what stands against adapters in this model; called before one is added."""

    def is_adapter_available(self) -> bool:
        """Whether there is an adapter that is enabled."""
        return bool(self.get_enabled_adapters())

    def set_enabled_adapters(self, name: str | None = None, enabled: bool = True) -> None:
        """Switches adapters on or off; a model without any enabled one computes what it did before.

        Args:
            name: of one adapter, with or without its part; None: of all.
            enabled: whether it is applied.

        Raises:
            ConfigError: there are no adapters, or none of this name.
        """
        names = chosen_names(name, self._adapter_names(), type(self).__name__)
        changed = {each: {"enabled": enabled} for each in names}
        self._replace_adapter_sections(OmegaConf.merge(self._adapter_sections, changed))

    def get_enabled_adapters(self) -> list[str]:
        """Names, without their parts, of the adapters that are applied, in order."""
        sections = self._adapter_sections
        return [name for name in self._adapter_names() if sections[name].enabled]

    def unfreeze_enabled_adapters(self, freeze_batchnorm: bool = True) -> None:
        """Makes the weights of the enabled adapters trainable; freeze all others first.

            model.freeze()
            model.unfreeze_enabled_adapters()

        Args:
            freeze_batchnorm: also keep the statistics of all batch norms outside of them, so that without its adapters
                the model gives what it gave before. `train()` does not undo it, `unfreeze()` does.
        """
        unfreeze_enabled(self, freeze_batchnorm)  # type: ignore[arg-type]  # this is a Module

    def take_adapter_losses(self) -> list[Tensor]:
        """The auxiliary losses (`l2_lambda`) that adapters registered since the last call; they are forgotten then."""
        network: Any = self
        registries = AccessMixin.get_module_registry(network).values()
        return [loss for registry in registries for loss in registry.pop(LOSS_NAME, [])]

    def add_auxiliary_losses(self, loss: Tensor) -> Tensor:
        """A training loss with those of the adapters; call it after each forward."""
        return torch.stack([loss, *self.take_adapter_losses()]).sum()

    # -------------------------------------------------------------------------------------------------------- files

    def save_adapters(self, filepath: str, name: str | Sequence[str] | None = None) -> None:
        """Writes adapters to a file of their own, atomically; rank zero writes, and every process has to call it.

        Args:
            filepath: the file.
            name: of one adapter or several; None: all.

        Raises:
            ConfigError: the model has no adapters, or none of this name.
        """
        known = self._adapter_names()
        given = [None] if name is None else [name] if isinstance(name, str) else list(name)
        wanted = {each for one in given for each in chosen_names(one, known, type(self).__name__)}
        names = [each for each in known if each in wanted]
        states = {self._full_name(each): [whole_state_dict(part) for part in self._weights_of(each)] for each in names}
        parts = {GLOBAL_KEY: {METADATA_KEY: {"modules": {each: self._part_of(each) for each in names}}}}
        sections = OmegaConf.masked_copy(self._adapter_sections, [*names, GLOBAL_KEY])
        sections[GLOBAL_KEY][METADATA_KEY] = parts[GLOBAL_KEY][METADATA_KEY]
        write_adapters(filepath, states, sections)

    def load_adapters(
        self,
        filepath: str,
        name: str | Sequence[str] | None = None,
        map_location: str | torch.device | None = None,
        strict: bool = True,
        trusted_targets: Sequence[str] = (),
    ) -> None:
        """Adds the adapters of a file that :meth:`save_adapters` wrote; all of them or, after an error, none.

        Args:
            filepath: the file. It is not trusted: it can have adapters and their strategies built, and nothing else.
            name: of one adapter or several, as the file names them or without the part; None: all.
            map_location: where the file's tensors go first; the adapters are where the model is.
            strict: the weights must fit exactly.
            trusted_targets: classes besides the toolkit's own that the file may name, as for `restore_from`.

        Raises:
            FileNotFoundError: the file is missing.
            ArchiveError: it is no file of adapters, or does not fit this model; UnsafeArchiveError: it could harm.
            ConfigError: the model has an adapter of that name, or the file has none.
        """
        names = [name] if isinstance(name, str) else name
        found = read_adapters(filepath, names, map_location, trusted_targets)
        before = self._adapter_sections.copy()
        added: list[str] = []
        try:
            for full_name in found.states:
                _, adapter = split_name(full_name)
                with found.building(full_name, strict):
                    self.add_adapter(full_name, found.sections[adapter])
                added.append(adapter)
                found.load_into(full_name, list(self._weights_of(adapter)), strict)
        except BaseException:
            for module in list(self._adapter_modules()):
                for adapter in added:
                    module._remove_adapter(adapter)
            self._replace_adapter_sections(before)
            raise

    def _weights_of(self, adapter: str) -> Iterator[nn.Module]:
        """The adapter's modules, in the order of the network; files keep it."""
        return (part.adapter_layer[adapter] for part in self._adapter_modules() if adapter in part.adapter_layer)


def _takes_no_adapters(name: str, place: Any, model: type) -> str:
    from nemo.core.adapters.registry import get_registered_adapter

    if place is None:
        return f"this {model.__name__} has no {name}, so no adapter can be added to it."
    info = get_registered_adapter(type(place))
    if info is None:
        return f"the {name} is a {type(place).__name__}, which takes no adapters."
    return (
        f"the {name} is a {type(place).__name__}, which takes no adapters; the same network with them is "
        f"{info.adapter_class_path}. Build the model with this as {name}._target_. For an archive: "
        f"cfg = {model.__name__}.restore_from(path, return_config=True); cfg.{name}._target_ = "
        f"{info.adapter_class_path!r}; model = {model.__name__}.restore_from(path, override_config_path=cfg)"
    )

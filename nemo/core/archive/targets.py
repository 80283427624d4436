"""Which classes the config inside an archive may have built.

A config names classes under `_target_` (Hydra), `target` (models) or `cls` (Hydra 0.x). Anybody can write such a name,
and importing a module already runs code, so the decision is made twice: on the name, before anything is imported, and
on the object that the name led to.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import DictConfig, ListConfig, OmegaConf

from nemo import aliases
from nemo.core.archive import target_lists as lists
from nemo.utils.exceptions import AbsentNameError, NotYetSupportedError, UnsafeTargetError

_PACKAGE = Path(__file__).resolve().parents[2]
_MAX_LENGTH = 300
_KEYS = ("_target_", "target", "cls")
_HYDRA_KEYS = ("_partial_", "_args_", "_recursive_", "_convert_")

_Class = TypeVar("_Class", bound=type)
_known_classes: weakref.WeakValueDictionary[str, type] = weakref.WeakValueDictionary()
_active: ContextVar[TargetPolicy | None] = ContextVar("active_policy", default=None)
_names_of_archives: set[str] = set()
"""Names under `nemo.` that configs of archives had, and that nobody vouched for."""


def register_known_class(cls: type) -> None:
    """Lets archives name a class that this process has already defined: the user's own modules and models."""
    _known_classes[_canonical(cls)] = cls


def buildable_from_archives(cls: _Class) -> _Class:
    """Marks a class of ours, and those derived from it, as one that configs in archives may build.

    For what is no module, dataset or optimizer: its constructor must not write files, reach the network or run what
    its arguments name.
    """
    cls._buildable_from_archives = True  # type: ignore[attr-defined]
    return cls


def active_policy() -> TargetPolicy | None:
    """The policy of the restore that is going on, or None: then a config is the user's own and may name anything."""
    return _active.get()


def policy_for(name: Any) -> TargetPolicy | None:
    """The policy that a name must obey, None for one of the user's own.

    A restored model keeps its archive's config, and parts of it are built only later (an optimizer, a data set). So a
    name that an archive brought obeys the rules for as long as the process lives.
    """
    active = _active.get()
    if active is not None:
        return active
    return TargetPolicy() if isinstance(name, str) and name in _names_of_archives else None


def check_before_building(config: Any, source: str) -> None:
    """Checks the classes of a section that is about to be built outside of a restore: those that archives named.

    Raises:
        UnsafeTargetError, NotYetSupportedError: as :meth:`TargetPolicy.resolve`.
    """
    for key, name, builds in _named_classes(config, source, user=True):
        policy = policy_for(name) if builds else None
        if policy is not None:
            policy.resolve(name, f"{source}: {key}")


class TargetPolicy:
    """Decides which classes may be built while one archive is restored.

    Args:
        trusted_targets: names that the caller vouches for: a whole name (`my_package.models.MyModel`), or everything
            defined under a prefix that ends with a dot (`my_package.`).
        known_classes: classes that the caller hands over, such as the one that `restore_from` was called on.
    """

    def __init__(self, trusted_targets: Iterable[str] = (), known_classes: Iterable[type] = ()) -> None:
        if isinstance(trusted_targets, str):
            trusted_targets = (trusted_targets,)
        trusted = tuple(trusted_targets)
        self._trusted_names = {name for name in trusted if not name.endswith(".")}
        self._trusted_prefixes = tuple(name for name in trusted if name.endswith("."))
        self._known = {_canonical(cls): cls for cls in known_classes}
        self._source = "config"  # what was checked last, for the messages of later steps

    @contextlib.contextmanager
    def active(self) -> Iterator[TargetPolicy]:
        """Makes this the policy that whatever is built inside the `with` block obeys."""
        token = _active.set(self)
        try:
            yield self
        finally:
            _active.reset(token)

    def check_config(self, config: Any, source: str) -> None:
        """Checks every class that a config names, by name only: nothing is imported.

        Names of ours that this release does not have pass, since sections for training are not built on restoring.

        Args:
            config: the config, or any part of it.
            source: archive and member, for messages.

        Raises:
            UnsafeTargetError: names the key.
        """
        self._source = source
        for key, name, _ in _named_classes(config, source):
            fault = self._fault(name)
            if fault:
                raise _refused(name, f"{source}: {key}", fault)
            if name.startswith("nemo.") and not self._is_trusted(name):
                _names_of_archives.add(name)

    def check_objects(self, config: Any, source: str) -> None:
        """Imports and checks every class under a `_target_` of a section that is about to be built.

        Raises:
            UnsafeTargetError, NotYetSupportedError: as :meth:`resolve`.
        """
        for key, name, builds in _named_classes(config, source):
            if builds:
                self.resolve(name, f"{source}: {key}")

    def resolve(self, name: str, source: str | None = None) -> Any:
        """The class that a name stands for, after both checks; a few functions of ours count as classes.

        Raises:
            UnsafeTargetError: archives may not build it.
            NotYetSupportedError: the original has it, this release does not.
        """
        source = source or self._source
        fault = self._fault(name)
        if fault is None and _is_outside_only(name) and not self._is_trusted(name):
            fault = "archives may carry this name, but it is not built from them"
        if fault:
            raise _refused(name, source, fault)
        known = self._known_class(name)
        if known is not None:
            return known
        absence = aliases.absence(name)
        if absence is not None and not self._is_trusted(name):
            raise AbsentNameError(f"{source}: {absence}")
        path = aliases.resolve(name)
        if not self._is_trusted(name) and path.startswith("nemo.") and not _is_module(path.rpartition(".")[0]):
            raise NotYetSupportedError(
                f"{source} names {name}, which this release does not have. Use a newer release of neural-modules, or "
                f"remove the section with override_config_path if the model works without it."
            )
        found = _import(path, name, source)
        fault = self._fault_of_object(found, path, name)
        if fault:
            raise _refused(name, source, fault)
        return found

    def _known_class(self, name: str) -> type | None:
        for path in (name, aliases.resolve(name)):
            if path in self._known:
                return self._known[path]
            if path in _known_classes:
                return _known_classes[path]
        return None

    def _is_trusted(self, name: str) -> bool:
        return name in self._trusted_names or name.startswith(self._trusted_prefixes or ("\0",))

    def _fault(self, name: Any) -> str | None:
        """What speaks against a name, or None; decided on the text and on which files this package has."""
        if not isinstance(name, str) or "${" in name:
            return "a class is named by a plain text, no number, list or interpolation"
        if len(name) > _MAX_LENGTH:
            return "the name is too long"
        if self._known_class(name) is not None or name in self._trusted_names:
            return None
        parts = name.split(".")
        if len(parts) < 2 or not all(part.isidentifier() and part.isascii() for part in parts):
            return "that is not the dotted path of a class"
        if any(part.startswith("_") for part in parts):
            return "private names are refused"
        if name.startswith(self._trusted_prefixes or ("\0",)):
            return None
        if parts[0] == "nemo":
            return _fault_of_own(name)
        return (
            None if lists.is_listed(name) else "it is neither a class of nemo nor on the list of classes from outside"
        )

    def _fault_of_object(self, found: Any, path: str, name: str) -> str | None:
        """What speaks against an object that was imported, or None."""
        if name in self._trusted_names:
            return None if callable(found) else "it cannot be called"
        last = path.rpartition(".")[2]
        module = getattr(found, "__module__", None)
        if not isinstance(module, str) or getattr(found, "__qualname__", None) != last:
            return "the name leads to something else than a class of that name"
        if getattr(sys.modules.get(module), last, None) is not found:
            return f"it says that it is {module}.{last}, and that is another object"
        if self._is_trusted(name):
            inside = f"{module}.".startswith(self._trusted_prefixes)
            return None if inside and isinstance(found, type) else f"the prefix covers it, but it is {module}.{last}"
        if name in lists.FUNCTIONS:
            return None if module.startswith("nemo.") else f"it is {module}.{last}"
        if not isinstance(found, type):
            return "it is no class"
        root = next((root for root in lists.HOMES if path.startswith(root)), None)
        if root is None or not f"{module}.".startswith(lists.HOMES[root]):
            return f"it is {module}.{last}, which lies elsewhere"
        bases = {_canonical(base) for base in found.__mro__}
        if bases & lists.APPROVED_BASES or getattr(found, "_buildable_from_archives", False) is True:
            return None
        return "it is no module, dataset, optimizer, tokenizer or another kind of part that configs build"


def _fault_of_own(name: str) -> str | None:
    """What speaks against a name under `nemo.`: it must be one class directly in a module, ours or the original's."""
    if name in lists.FUNCTIONS:
        return None
    path = aliases.resolve(name)
    module, _, last = path.rpartition(".")
    if not last[0].isupper():
        return "functions and modules are not built from archives"
    if _is_module(module):
        return None
    parts = module.split(".")
    for count in range(len(parts) - 1, 0, -1):
        prefix = ".".join(parts[:count])
        if (_PACKAGE.parent.joinpath(*parts[:count])).with_suffix(".py").is_file():
            return f"it reaches through the module {prefix}"
        if _is_module(prefix):
            break
    foreign = next((part for part in parts[2:] if part in lists.FOREIGN_MODULES and part not in lists.OWN_WORDS), None)
    return f"it reaches through the module {foreign}" if foreign else None


def _is_outside_only(name: Any) -> bool:
    return isinstance(name, str) and lists.is_tolerated(name)


def _is_module(path: str) -> bool:
    """Whether a module of this package is there, judged by its files or the alias table; nothing is imported."""
    if path in aliases.MOVED_MODULES:
        return True
    place = _PACKAGE.parent.joinpath(*path.split("."))
    return (place / "__init__.py").is_file() or place.with_suffix(".py").is_file()


def _import(path: str, name: str, source: str) -> Any:
    module, _, last = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), last)
    except AttributeError as error:
        raise NotYetSupportedError(f"{source} names {name}, and {module} has no {last} in this release.") from error


def _named_classes(config: Any, source: str, *, user: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """Every (key, class name, whether Hydra would build it) in a config, lists included; `user`: of a user's own."""
    if isinstance(config, (DictConfig, ListConfig)):
        config = OmegaConf.to_container(config, resolve=False)
    open_parts: list[tuple[str, Any]] = [("", config)]
    while open_parts:
        path, part = open_parts.pop()
        if isinstance(part, Mapping):
            for key in _HYDRA_KEYS:
                if key in part and not user:
                    raise _refused(part.get("_target_"), f"{source}: {path}{key}", "archives may not use this key")
            for key in _KEYS:
                if key in part and _is_class_name(key, part):
                    yield f"{path}{key}", part[key], key != "target"
            open_parts += [(f"{path}{key}.", item) for key, item in part.items() if isinstance(item, (Mapping, list))]
        elif isinstance(part, list):
            open_parts += [
                (f"{path}{index}.", item) for index, item in enumerate(part) if isinstance(item, (Mapping, list))
            ]


def _is_class_name(key: str, part: Mapping[Any, Any]) -> bool:
    """Whether a key names a class: `_target_` always; `target` and `cls` are also words of ordinary settings."""
    value = part[key]
    if key == "_target_" or "params" in part:
        return True
    return isinstance(value, str) and ("${" in value or ("." in value and value.replace(".", "").isidentifier()))


def _canonical(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _refused(name: Any, place: str, fault: str) -> UnsafeTargetError:
    return UnsafeTargetError(
        f"{place} names {name!r}: {fault}. Archives may have modules, datasets and optimizers of nemo and torch built, "
        f"and nothing of this archive was built. If you know this class and trust the archive, pass "
        f"trusted_targets=[{name!r}]; a class of your own is accepted once it is imported and derives from nemo.core."
    )

"""Reads the YAML config of an archive: plain values only, bounded in size, depth and number.

The text is read event by event, so that limits hold while reading; aliases and interpolations count as what they
expand to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from nemo.core.archive.interpolation import resolved
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError

MAX_BYTES = 10 * 2**20
MAX_DEPTH = 64
MAX_NODES = 100_000

_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = {_CORE + kind for kind in ("str", "int", "float", "bool", "null")}
_FLOAT = re.compile(
    r"""^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?
    |[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)
    |\.[0-9_]+(?:[eE][-+]?[0-9]+)?
    |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
    |[-+]?\.(?:inf|Inf|INF)
    |\.(?:nan|NaN|NAN))$""",
    re.VERBOSE,
)

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):
    """PyYAML's safe loader with OmegaConf's rules for plain scalars: `1e-4` is a number, a date is text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if tag not in (_CORE + "timestamp", _CORE + "float")]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_CORE + "float", _FLOAT, list("-+0123456789."))


def load_config(data: bytes, source: str) -> DictConfig:
    """The config in a YAML text from an archive, with its interpolations resolved.

    Args:
        data: the text, UTF-8, at most 10 MiB.
        source: archive and member, for messages.

    Raises:
        ArchiveError: it is not YAML, not a mapping, or an interpolation leads nowhere; with the line or key.
        UnsafeArchiveError: a duplicate key, a tag that makes objects, a resolver, or more than the limits.
    """
    if len(data) > MAX_BYTES:
        raise UnsafeArchiveError(f"{source}: the config has {len(data)} bytes; at most {MAX_BYTES} are accepted.")
    tree = _Builder(data, source).document()
    if not isinstance(tree, dict):
        kind = "empty" if tree is None else f"a {type(tree).__name__}"
        raise ArchiveError(f"{source}: the config is {kind}; expected is a mapping of keys to values.")
    return config_from_tree(tree, source)


def config_from_tree(tree: Mapping[Any, Any], source: str) -> DictConfig:
    """A config from plain values of a stranger, under the same limits and with its interpolations resolved.

    Raises:
        ArchiveError, UnsafeArchiveError: as :func:`load_config`.
    """
    return OmegaConf.create(resolved(tree, source, max_nodes=MAX_NODES, max_depth=MAX_DEPTH))


class _Builder:
    """Makes plain Python values from YAML events."""

    def __init__(self, data: bytes, source: str) -> None:
        self.source = source
        self._nodes = 0
        self._anchors: dict[str, tuple[Any, int] | None] = {}
        try:
            self._loader = _Loader(data)
        except yaml.YAMLError as error:  # the pure-Python loader decodes here
            raise self._not_yaml(error) from error

    def document(self) -> Any:
        try:
            self._loader.get_event()  # start of the stream
            if self._loader.check_event(yaml.StreamEndEvent):
                return None
            self._loader.get_event()  # start of the document
            tree = self._value(self._loader.get_event(), depth=0)
            self._loader.get_event()  # end of the document
            if not self._loader.check_event(yaml.StreamEndEvent):
                raise UnsafeArchiveError(f"{self.source}: more than one YAML document; a config is one.")
            return tree
        except yaml.YAMLError as error:
            raise self._not_yaml(error) from error
        finally:
            self._loader.dispose()

    def _value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._nodes
        self._count(1, event)
        if depth > MAX_DEPTH:
            raise self._unsafe(event, f"nested more than {MAX_DEPTH} levels deep")
        if event.anchor:
            self._anchors[event.anchor] = None  # until it is complete, nothing may refer to it
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._check_tag(event, _CORE + "seq")
            value = []
            while not isinstance(item := self._loader.get_event(), yaml.SequenceEndEvent):
                value.append(self._value(item, depth + 1))
        else:
            self._check_tag(event, _CORE + "map")
            value = self._mapping(depth)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._nodes - before)
        return value

    def _mapping(self, depth: int) -> dict[Any, Any]:
        value: dict[Any, Any] = {}
        merged: list[dict[Any, Any]] = []
        while not isinstance(event := self._loader.get_event(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._unsafe(event, "a key that is no plain value")
            is_merge = event.value == "<<" and event.implicit[0]
            key = "<<" if is_merge else self._scalar(event)
            if key is None:
                raise self._unsafe(event, "an empty key")
            if key in value:
                raise self._unsafe(event, f"the key {key!r} is there twice")
            item = self._value(self._loader.get_event(), depth + 1)
            if not is_merge:
                value[key] = item
                continue
            if not isinstance(item, dict) or merged:
                raise self._unsafe(event, "'<<' merges one mapping")
            merged.append(item)
        return {**merged[0], **value} if merged else value

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            plain = event.implicit if tag is None else (False, True)
            tag = self._loader.resolve(yaml.ScalarNode, event.value, plain)
        if tag == _CORE + "str":
            return event.value
        if tag not in _SCALAR_TAGS:
            raise self._unsafe(event, f"the tag {tag!r}, which makes an object; only plain values are accepted")
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return self._loader.construct_object(node)
        except (ValueError, KeyError, IndexError) as error:  # PyYAML looks at the first sign of an empty number
            raise self._unsafe(event, f"{event.value[:40]!r} is not a {tag.removeprefix(_CORE)}") from error

    def _alias(self, event: Any) -> Any:
        found = self._anchors.get(event.anchor)
        if found is None:
            raise self._unsafe(event, f"the alias *{event.anchor} refers to nothing, or to what it lies in")
        value, size = found
        self._count(size, event)
        return value

    def _check_tag(self, event: Any, expected: str) -> None:
        if event.tag not in (None, "!", expected):
            raise self._unsafe(event, f"the tag {event.tag!r}, which makes an object; only plain values are accepted")

    def _count(self, more: int, event: Any) -> None:
        self._nodes += more
        if self._nodes > MAX_NODES:
            raise self._unsafe(event, f"more than {MAX_NODES} values, aliases counted as what they stand for")

    def _unsafe(self, event: Any, what: str) -> UnsafeArchiveError:
        return UnsafeArchiveError(f"{self.source} line {event.start_mark.line + 1}: {what}.")

    def _not_yaml(self, error: yaml.YAMLError) -> ArchiveError:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        return ArchiveError(f"{self.source}{line}: not valid YAML ({getattr(error, 'problem', None) or error}).")

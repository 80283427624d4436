"""Resolves the interpolations of a config from a stranger: `${a.b}` and nothing else.

OmegaConf's own resolution can call functions (`${oc.env:HOME}`) and can grow without limit, so archives do not get it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError

MAX_TEXT = 2**20

_PLAIN = re.compile(r"\$\{\s*(\.*)([\w\-]+(?:\.[\w\-]+|\[[\w\-]+\])*)\s*\}")
_LEAVES = (str, int, float, bool, type(None))

Path = tuple[Any, ...]


def resolved(tree: Mapping[Any, Any], source: str, *, max_nodes: int, max_depth: int) -> dict[Any, Any]:
    """A copy of a tree of plain values in which every interpolation is replaced by what it stands for.

    Args:
        tree: mappings, lists and plain values.
        source: where it is from, for messages.
        max_nodes: number of values that the result may have.
        max_depth: levels that it may have.

    Raises:
        ArchiveError: an interpolation leads nowhere or in a circle.
        UnsafeArchiveError: a resolver or anything but a plain interpolation, another type of value, or too many values.
    """
    result = _Resolver(tree, source, max_nodes, max_depth).copy(tree, ())
    assert isinstance(result, dict)
    return result


class _Resolver:
    def __init__(self, root: Mapping[Any, Any], source: str, max_nodes: int, max_depth: int) -> None:
        self._root, self._source = root, source
        self._max_nodes, self._max_depth = max_nodes, max_depth
        self._nodes = 0
        self._open: list[Path] = []
        self._following = 0

    def copy(self, value: Any, path: Path, depth: int = 0) -> Any:
        """A value with its interpolations replaced; `path` is where it stands in the tree as written."""
        self._nodes += 1
        if self._nodes > self._max_nodes or depth > self._max_depth:
            raise UnsafeArchiveError(
                f"{self._source}: the config has more than {self._max_nodes} values or {self._max_depth} levels at "
                f"{_dotted(path)}, interpolations counted as what they stand for."
            )
        if isinstance(value, Mapping):
            return {key: self.copy(item, (*path, key), depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.copy(item, (*path, index), depth + 1) for index, item in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return self._replaced(value, path, depth)
        if type(value) not in _LEAVES:
            raise UnsafeArchiveError(f"{self._source}: {_dotted(path)} is a {type(value).__name__}, no plain value.")
        return value

    def _replaced(self, text: str, path: Path, depth: int) -> Any:
        whole = _PLAIN.fullmatch(text)
        if whole:
            return self._target(whole, path, depth)
        if text.count("${") != len(_PLAIN.findall(text)):
            raise UnsafeArchiveError(
                f"{self._source}: {_dotted(path)} is {text[:80]!r}. Configs in archives may refer to their own keys, "
                f"as in ${{model.sample_rate}}; resolvers and expressions are refused, and none was run."
            )
        pieces, position = [], 0
        for match in _PLAIN.finditer(text):
            pieces += [text[position : match.start()], str(self._scalar(match, path, depth))]
            position = match.end()
        pieces.append(text[position:])
        result = "".join(pieces)
        if len(result) > MAX_TEXT or "${" in result:
            raise UnsafeArchiveError(f"{self._source}: {_dotted(path)} is an interpolation that builds another one.")
        return result

    def _scalar(self, match: re.Match[str], path: Path, depth: int) -> Any:
        value = self._target(match, path, depth)
        if isinstance(value, (dict, list)):
            raise ArchiveError(f"{self._source}: {_dotted(path)} puts the section {match.group()} into a text.")
        return value

    def _target(self, match: re.Match[str], path: Path, depth: int) -> Any:
        """What an interpolation refers to, itself resolved."""
        self._following += 1
        if self._following > self._max_depth:  # such as `a: ${a.b}`, which leads through itself
            raise ArchiveError(f"{self._source}: {_dotted(path)} refers to itself through {match.group()}.")
        dots, keys = match.groups()
        base = path[: len(path) - len(dots)] if dots else ()
        if len(dots) > len(path):
            raise self._leads_nowhere(match, path)
        target, place = self._root, ()
        for key in (*base, *re.split(r"[.\[\]]+", keys.rstrip("]"))):
            target, place = self._child(target, key, place, match, path)
        if place in self._open:
            raise ArchiveError(f"{self._source}: {_dotted(path)} refers to itself through {match.group()}.")
        self._open.append(place)
        if len(self._open) > self._max_depth:
            raise UnsafeArchiveError(
                f"{self._source}: {_dotted(path)} is a chain of more than {self._max_depth} links."
            )
        value = self.copy(target, place, depth)
        self._open.pop()
        self._following -= 1
        return value

    def _child(self, node: Any, key: Any, place: Path, match: re.Match[str], path: Path) -> tuple[Any, Path]:
        if isinstance(node, str) and (link := _PLAIN.fullmatch(node)):  # a key below another interpolation
            node = self._target(link, place, 0)
        if isinstance(node, (list, tuple)) and str(key).isdecimal() and int(key) < len(node):
            return node[int(key)], (*place, int(key))
        if isinstance(node, Mapping):
            for name in (key, int(key)) if isinstance(key, str) and key.isdecimal() else (key,):
                if name in node:
                    return node[name], (*place, name)
        raise self._leads_nowhere(match, path)

    def _leads_nowhere(self, match: re.Match[str], path: Path) -> ArchiveError:
        return ArchiveError(
            f"{self._source}: {_dotted(path)} refers to {match.group()}, which the config does not have. "
            f"Give a config with override_config_path."
        )


def _dotted(path: Path) -> str:
    return ".".join(map(str, path)) or "the top level"

"""What ``pip install .[asr]`` brings besides torch's own: packages and MB, from the metadata of what is installed."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement

from benchmarks.measure import emit

PACKAGES_LIMIT = 45
OURS = "neural-modules"


def normal(name: str) -> str:
    """A package name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(requirements: Iterable[str]) -> dict[str, importlib.metadata.Distribution]:
    """Every installed distribution that the requirements bring, theirs included."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [Requirement(text) for text in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        name, extras = normal(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            distribution = found.setdefault(name, importlib.metadata.distribution(name))
        except importlib.metadata.PackageNotFoundError:
            sys.stderr.write(f"{name} is required but not installed here; it is not counted\n")
            continue
        for text in distribution.requires or []:
            further = Requirement(text)
            marker = further.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in [*extras, ""]):
                waiting.append(further)
    return found


def megabytes(distribution: importlib.metadata.Distribution) -> float:
    """Size of a distribution's files on disk."""
    paths = (Path(str(file.locate())) for file in distribution.files or [])
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def main() -> None:
    """Prints one line for the extra `asr`."""
    ours, of_torch = needed([f"{OURS}[asr]"]), needed(["torch"])
    extra = {name: distribution for name, distribution in ours.items() if name not in {*of_torch, OURS}}
    sizes = {name: round(megabytes(distribution), 1) for name, distribution in extra.items()}
    emit(
        "install_asr",
        len(extra),
        unit="packages besides torch's own",
        limit=PACKAGES_LIMIT,
        megabytes=sum(sizes.values()),
        torch_packages=len(of_torch),
        largest=dict(sorted(sizes.items(), key=lambda item: -item[1])[:5]),
        names=sorted(extra),
    )


if __name__ == "__main__":
    main()

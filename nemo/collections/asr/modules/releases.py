"""Modules that compute as the release of the original which made their archive."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from nemo.utils.versions import release_of

MASKED_SUBSAMPLING_RELEASE = (2, 5)
"""1.23 does not mask, 3.0 does; in which release between them this began is not recorded."""


@runtime_checkable
class FollowsRelease(Protocol):
    """A module for which releases differ."""

    def follow_release(self, nemo_version: str | None) -> None:
        """Computes as release `nemo_version` of the original from now on; None: as the newest."""


def follow_release(module: Any, nemo_version: str | None) -> None:
    """Tells `module` the release that made its archive; modules that are the same in all releases are left alone."""
    if isinstance(module, FollowsRelease):
        module.follow_release(nemo_version)


def masks_subsampling(nemo_version: str | None) -> bool:
    """Whether the subsampling of an encoder keeps padding zero between its convolutions."""
    return release_of(nemo_version) >= MASKED_SUBSAMPLING_RELEASE

"""What comes out of a text, symbol by symbol, becomes ids: known symbols, one space between words, nothing else."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping

logger = logging.getLogger(__name__)


def token_ids(
    symbols: Iterable[str],
    ids: Mapping[str, int],
    space: str,
    punctuation: Collection[str],
    pad_with_space: bool,
    text: str,
) -> list[int]:
    """The ids of symbols.

    A space follows another symbol only, and not at the end; letters and apostrophes count if they have an id,
    punctuation if it is listed. Anything else is left out with a warning that names it.

    Args:
        symbols: letters or phonemes.
        ids: token -> id.
        space: the space's token.
        punctuation: marks that are kept.
        pad_with_space: a space before the first and after the last symbol.
        text: where the symbols come from, for the warning.
    """
    kept: list[str] = []
    unknown: list[str] = []
    for symbol in symbols:
        if symbol == space:
            if kept and kept[-1] != space:
                kept.append(symbol)
        elif symbol in ids and (_is_spoken(symbol) or symbol in punctuation):
            kept.append(symbol)
        else:
            unknown.append(symbol)
    if unknown:
        names = ", ".join(repr(symbol) for symbol in dict.fromkeys(unknown))
        logger.warning("%s of the text %r have no token and are left out", names, text)
    while kept and kept[-1] == space:
        kept.pop()
    if pad_with_space:
        kept = [space, *kept, space]
    return [ids[symbol] for symbol in kept]


def _is_spoken(symbol: str) -> bool:
    return symbol.isalnum() or symbol == "'"

"""The case of letters, by which they are told from phonemes."""

from __future__ import annotations

from nemo.utils.exceptions import ConfigError

GRAPHEME_CASE_UPPER = "upper"
GRAPHEME_CASE_LOWER = "lower"
GRAPHEME_CASE_MIXED = "mixed"
"""As they are written."""


def set_grapheme_case(text: str, case: str = GRAPHEME_CASE_UPPER) -> str:
    """A text in one case; the capital of `ß` is `ẞ`, so that the number of letters stays.

    Args:
        text: any text.
        case: `upper`, `lower` or `mixed`.

    Raises:
        ConfigError: an unknown case.
    """
    forms = {
        GRAPHEME_CASE_UPPER: text.replace("ß", "ẞ").upper(),
        GRAPHEME_CASE_LOWER: text.lower(),
        GRAPHEME_CASE_MIXED: text,
    }
    if case not in forms:
        raise ConfigError(f"The case of graphemes is {case!r}; expected upper, lower or mixed. Name one of these.")
    return forms[case]

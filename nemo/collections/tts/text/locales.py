"""Letters and punctuation of the languages that the tokenizers know, by locale such as `de-DE`."""

from __future__ import annotations

import string

from nemo.utils.exceptions import ConfigError

LETTERS = {
    "en-US": string.ascii_uppercase,
    "es-ES": string.ascii_uppercase + "ÁÉÍÑÓÚÜ",
    "de-DE": string.ascii_uppercase + "ÄÖÜẞ",
    "fr-FR": string.ascii_uppercase + "ÀÂÄÆÇÈÉÊËÍÎÏÑÔÖÙÛÜŒŸ",
    "it-IT": string.ascii_uppercase + "ÀÈÉÌÎÒÓÙ",
}
"""Capital letters; ẞ is the capital of ß."""

PUNCTUATION = (",", ".", "!", "?", "-", ":", ";", "/", '"', "(", ")", "[", "]", "{", "}")
"""What every language has, in the order of the ids."""

GUILLEMETS = "«»‹›"
MORE_PUNCTUATION = {
    "de-DE": GUILLEMETS + "„“‚‘‒–—",
    "es-ES": GUILLEMETS + "¿¡‒–—“”",
    "fr-FR": GUILLEMETS + "–“”…",
    "it-IT": GUILLEMETS + "„“‚‘‒–—’",
    "zh-CN": "，。？！；：、‘’“”（）【】「」《》",
    "ja-JP": "、。？！；：…‥（）【】「」『』〜ー〃〔〕〈〉《》〖〗〘〙〚〛⦅⦆",
}
"""What a language has beside :data:`PUNCTUATION`."""


def letters(locale: str, case: str = "upper") -> str:
    """The letters of a locale.

    Args:
        locale: such as `de-DE`.
        case: `upper`, `lower`, or `mixed` for the small letters after the capitals.

    Raises:
        ConfigError: an unknown locale or case.
    """
    if locale not in LETTERS:
        raise ConfigError(f"locale is {locale!r}; expected one of {', '.join(LETTERS)}. Name one of these.")
    capitals = LETTERS[locale]
    small = capitals.replace("ẞ", "ß").lower()
    forms = {"upper": capitals, "lower": small, "mixed": capitals + small}
    if case not in forms:
        raise ConfigError(f"case is {case!r}; expected upper, lower or mixed. Name one of these.")
    return forms[case]


def punctuation(locale: str | None) -> list[str]:
    """The punctuation of a locale, sorted; of none in particular when it is None or not known."""
    return sorted({*PUNCTUATION, *MORE_PUNCTUATION.get(locale or "", "")})

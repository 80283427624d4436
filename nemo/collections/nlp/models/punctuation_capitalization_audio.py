"""Punctuation and capitals from words and sound together; not in this release."""

from __future__ import annotations

from typing import Any

from nemo.utils.exceptions import NotYetSupportedError


class PunctuationCapitalizationLexicalAudioModel:
    """Would add what a speech encoder hears to the words.

    Raises:
        NotYetSupportedError: always.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotYetSupportedError(
            "PunctuationCapitalizationLexicalAudioModel is not in this release: it needs a speech encoder inside "
            "a text model. Expected PunctuationCapitalizationModel, which decides by the words alone; use that one."
        )

    @classmethod
    def restore_from(cls, restore_path: str, *args: Any, **kwargs: Any) -> Any:
        """Says what the class says.

        Raises:
            NotYetSupportedError: always.
        """
        return cls()

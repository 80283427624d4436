"""Any of eSpeak NG's languages to IPA, through its library; no dictionary is needed."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterable

from nemo.collections.tts.g2p.base import BaseG2p
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

SYMBOLS = (
    "abcdefhijklmnopqrstuvwxyzæçðøħŋœǀǁǂǃɐɑɒɓɔɕɖɗɘəɚɛɜɝɞɟɠɡɢɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʜʝʟʡʢβθχᵻⱱ"
    "ˈˌːˑʰʲʷˠˤ̩̪̯̥̬̃̊"
)
"""The alphabet of the International Phonetic Association with the marks that eSpeak NG writes."""

# constants of espeak-ng/speak_lib.h
_OUTPUT_SYNCHRONOUS = 2
_CHARACTERS_UTF8 = 1
_PHONEMES_IPA = 2

_LANGUAGE_SWITCH = re.compile(r"\([a-z]{2,3}(?:-[a-z0-9]+)*\)")
"""`(en)`: a word is spoken as one of another language."""
_STRETCH = re.compile(r"[\w'’\-]+(?:\s+[\w'’\-]+)*")


class EspeakG2p(BaseG2p):
    """Text to IPA by eSpeak NG, stretch by stretch between punctuation; needs the package `espeakng-loader`.

    Args:
        language: a voice of eSpeak NG: `en-us`, `de`, `fr-fr`.
        use_stresses: keep the marks of stress.
        symbols: all that it may give, for the tokenizer's ids; None: the whole alphabet of IPA.

    Raises:
        MissingDependencyError: the package is not installed.
        ConfigError: eSpeak NG does not start, or has no such voice.
    """

    def __init__(
        self, language: str = "en-us", use_stresses: bool = True, symbols: Iterable[str] | None = None
    ) -> None:
        super().__init__()
        self.language = language
        self.use_stresses = use_stresses
        self.symbols = set(SYMBOLS if symbols is None else symbols)
        self._library = _started_library()
        self._choose_voice()

    def __call__(self, text: str) -> list[str]:
        """The symbols of a text, one character each; passages between bars are taken as they are: `a |h ə| b`."""
        self._choose_voice()  # another converter of this process may have chosen its own
        symbols: list[str] = []
        for index, part in enumerate(text.split("|")):
            if index % 2:
                symbols += part.split()
            else:
                symbols += self._of_text(part)
        return symbols

    def __getstate__(self) -> dict[str, object]:
        """Without the library: a worker of a loader starts its own."""
        return {name: value for name, value in vars(self).items() if name != "_library"}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._library = _started_library()

    def _choose_voice(self) -> None:
        if self._library.espeak_SetVoiceByName(self.language.encode()) != 0:
            raise ConfigError(
                f"eSpeak NG has no voice {self.language!r}. Expected one of its languages, such as en-us, de or fr-fr."
            )

    def _of_text(self, text: str) -> list[str]:
        symbols: list[str] = []
        position = 0
        for match in _STRETCH.finditer(text):
            symbols += [*text[position : match.start()], *self._phonemes(match.group())]
            position = match.end()
        return symbols + list(text[position:])

    def _phonemes(self, words: str) -> str:
        """The IPA of words without punctuation between them."""
        data = ctypes.c_char_p(words.encode())
        rest = ctypes.cast(ctypes.pointer(data), ctypes.POINTER(ctypes.c_void_p))
        clauses = []
        while rest[0]:
            clause = self._library.espeak_TextToPhonemes(rest, _CHARACTERS_UTF8, _PHONEMES_IPA)
            clauses.append(clause.decode() if clause else "")
        ipa = _LANGUAGE_SWITCH.sub("", " ".join(clauses)).replace("\u0361", "").replace("\u200d", "")
        if not self.use_stresses:
            ipa = ipa.replace("ˈ", "").replace("ˌ", "")
        return unicodedata.normalize("NFC", " ".join(ipa.split()))


def _started_library() -> ctypes.CDLL:
    """The library of this process; starting it again changes nothing."""
    loader = require("espeakng_loader", extra="g2p", purpose="EspeakG2p")
    library = ctypes.CDLL(loader.get_library_path())
    if library.espeak_Initialize(_OUTPUT_SYNCHRONOUS, 0, str(loader.get_data_path()).encode(), 0) <= 0:
        raise ConfigError("eSpeak NG does not start here. Reinstall it: pip install --force-reinstall espeakng-loader")
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    return library

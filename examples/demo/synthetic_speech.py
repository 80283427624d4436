"""Speech made on this machine: a list of sentences said by several voices of eSpeak NG, through ctypes.

Used where recordings cannot be had. It is clean and regular, so a model learns it fast and learns little about people.
"""

from __future__ import annotations

import ctypes
import itertools
import logging
import wave
from pathlib import Path

from examples.demo.errors import DemoError
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

SENTENCES = Path(__file__).with_name("sentences.txt")
VOICES = ("en-us", "en-us+f2", "en-us+m3", "en-us+f4", "en-us+m7", "en-gb-scotland")
WORDS_PER_MINUTE = (150, 175)

# constants of espeak-ng/speak_lib.h
OUTPUT_SYNCHRONOUS_TO_CALLBACK = 2
PARAMETER_RATE = 1
POSITION_CHARACTER = 1
CHARACTERS_UTF8 = 1


class EspeakVoices:
    """The eSpeak NG library, giving samples instead of playing them. Needs the package espeakng-loader.

    Raises:
        MissingDependencyError: espeakng-loader is not installed.
        DemoError: the library cannot be started.
    """

    def __init__(self) -> None:
        loader = require("espeakng_loader", extra="demo", purpose="synthetic speech")
        self._library = ctypes.CDLL(loader.get_library_path())
        data_folder = str(loader.get_data_path()).encode()
        self.sample_rate = self._library.espeak_Initialize(OUTPUT_SYNCHRONOUS_TO_CALLBACK, 0, data_folder, 0)
        if self.sample_rate <= 0:
            raise DemoError(
                "eSpeak NG does not start here. Reinstall it: pip install --force-reinstall espeakng-loader"
            )
        self._samples = bytearray()
        callback_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = callback_type(self._receive)  # kept: the library calls it later
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, 2 * count)
        return 0  # go on

    def say(self, text: str, voice: str, words_per_minute: int) -> bytes:
        """Samples of `text`, 16-bit, mono, at `sample_rate`."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise DemoError(f"eSpeak NG has no voice {voice!r}. Reinstall it: pip install --upgrade espeakng-loader")
        self._library.espeak_SetParameter(PARAMETER_RATE, words_per_minute, 0)
        self._samples.clear()
        data = text.encode() + b"\0"
        self._library.espeak_Synth(
            data, ctypes.c_size_t(len(data)), 0, POSITION_CHARACTER, 0, CHARACTERS_UTF8, None, None
        )
        return bytes(self._samples)


def make_synthetic_speech(folder: Path) -> list[tuple[Path, str]]:
    """Says every sentence with every voice; returns (recording, sentence) of each."""
    sentences = [line for line in SENTENCES.read_text(encoding="utf-8").splitlines() if line]
    espeak = EspeakVoices()
    speech = []
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    for (number, sentence), voice in itertools.product(enumerate(sentences), VOICES):
        recording = folder / "audio" / f"{number:03d}_{voice}.wav"
        with wave.open(str(recording), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(espeak.sample_rate)
            file.writeframes(espeak.say(sentence, voice, WORDS_PER_MINUTE[number % len(WORDS_PER_MINUTE)]))
        speech.append((recording, sentence))
    logger.info("%d sentences said by %d voices", len(sentences), len(VOICES))
    return speech

"""The same telephone prompts at 16 kHz, for synthesis: Debian has them as G.722 (CC BY-SA 3.0)."""

from __future__ import annotations

import logging
from pathlib import Path, PurePosixPath

from examples.demo.debian_package import fetch_packages, package_files
from examples.demo.errors import DemoError
from examples.demo.g722 import SAMPLE_RATE, decode_g722
from examples.demo.telephone_prompts import AUDIO_ROOT, TEXT_PACKAGE, read_prompt_texts
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

AUDIO_PACKAGE = "asterisk-core-sounds-en-g722"
BYTES_PER_SECOND = 8000
LONGEST_SECONDS = 32.0


def get_wideband_prompts(folder: Path) -> list[tuple[Path, str]]:
    """Fetches, unpacks and decodes the prompts into `folder`; those above 32 seconds are left out.

    Returns:
        (recording, printed text) of each prompt that has both, in the order of the package's list.

    Raises:
        DemoError: the packages cannot be had, or hold something else than expected.
    """
    soundfile = require("soundfile", extra="tts", purpose="writing recordings")
    audio_package, text_package = fetch_packages([AUDIO_PACKAGE, TEXT_PACKAGE], folder / "packages")
    texts = read_prompt_texts(text_package)
    streams = {}
    for name, content in package_files(audio_package):
        path = PurePosixPath(name)
        if path.suffix == ".g722" and path.is_relative_to(AUDIO_ROOT):
            prompt = str(path.relative_to(AUDIO_ROOT).with_suffix(""))
            if prompt in texts and 0 < len(content) <= LONGEST_SECONDS * BYTES_PER_SECOND:
                streams[prompt] = content
    if not streams:
        raise DemoError(f"{audio_package} holds no recordings below {AUDIO_ROOT}. Delete it and run again.")
    logger.info("%d recordings are decoded; this takes a minute", len(streams))
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    prompts = {}
    for prompt, samples in zip(streams, decode_g722(list(streams.values())), strict=True):
        prompts[prompt] = folder / "audio" / (prompt.replace("/", "_") + ".wav")
        soundfile.write(str(prompts[prompt]), samples, SAMPLE_RATE)
    return [(prompts[prompt], text) for prompt, text in texts.items() if prompt in prompts]

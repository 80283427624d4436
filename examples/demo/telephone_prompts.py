"""Real speech: the telephone prompts of one professional voice, from two Debian packages (CC BY-SA 3.0, 8 kHz)."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path, PurePosixPath

from examples.demo.debian_package import fetch_packages, package_files
from examples.demo.errors import DemoError

logger = logging.getLogger(__name__)

AUDIO_PACKAGE = "asterisk-core-sounds-en-wav"
TEXT_PACKAGE = "asterisk-core-sounds-en"
AUDIO_ROOT = PurePosixPath("usr/share/asterisk/sounds/en_US_f_Allison")
TEXT_FILE = PurePosixPath("usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")


def get_telephone_prompts(folder: Path) -> list[tuple[Path, str]]:
    """Fetches and unpacks the prompts into `folder`.

    Returns:
        (recording, printed text) of each prompt that has both, in the order of the package's list.

    Raises:
        DemoError: the packages cannot be had, or hold something else than expected.
    """
    audio_package, text_package = fetch_packages([AUDIO_PACKAGE, TEXT_PACKAGE], folder / "packages")
    texts = read_prompt_texts(text_package)
    prompts = {}
    for name, content in package_files(audio_package):
        path = PurePosixPath(name)
        if path.suffix != ".wav" or not path.is_relative_to(AUDIO_ROOT):
            continue
        prompt = str(path.relative_to(AUDIO_ROOT).with_suffix(""))
        if prompt in texts:
            recording = folder / "audio" / (prompt.replace("/", "_") + ".wav")
            recording.parent.mkdir(parents=True, exist_ok=True)
            recording.write_bytes(content)
            prompts[prompt] = recording
    if not prompts:
        raise DemoError(f"{audio_package} holds no recordings below {AUDIO_ROOT}. Use: make demo DATA=synthetic")
    logger.info("%d recordings, %d of them with a text", len(prompts), sum(name in texts for name in prompts))
    return [(prompts[name], text) for name, text in texts.items() if name in prompts]


def read_prompt_texts(package: Path) -> dict[str, str]:
    """Prompt name -> printed text, from the list in the text package; its lines read ``name: text``, ``;`` comments."""
    for name, content in package_files(package):
        if PurePosixPath(name) == TEXT_FILE:
            lines = gzip.decompress(content).decode("utf-8", "replace").splitlines()
            rows = (line.partition(":") for line in lines if not line.startswith(";"))
            return {prompt.strip(): text.strip() for prompt, colon, text in rows if colon}
    raise DemoError(f"{package} does not hold {TEXT_FILE}. Use: make demo DATA=synthetic")

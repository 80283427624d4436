"""The three sources of the demo's speech, each fetched once into a folder of its own."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

from examples.demo.debian_package import package_client
from examples.demo.errors import DemoError
from examples.demo.manifests import DemoData, write_manifests
from examples.demo.synthetic_speech import make_synthetic_speech
from examples.demo.telephone_prompts import get_telephone_prompts

logger = logging.getLogger(__name__)

REPOSITORY = Path(__file__).resolve().parents[2]
AN4_SCRIPT = REPOSITORY / "scripts" / "dataset_processing" / "process_an4_data.py"
DESCRIPTIONS = {
    "prompts": "English telephone prompts, one professional voice, 8 kHz "
    "(Debian's asterisk-core-sounds-en-wav: recorded by Allison Smith, CC BY-SA 3.0)",
    "synthetic": "synthetic speech: 151 sentences said by six voices of eSpeak NG; no human speaks here",
    "an4": "AN4: spelled words, names and numbers by many speakers (Carnegie Mellon University)",
}


def choose_source() -> str:
    """``prompts`` where the system has a Debian package client, else ``synthetic``."""
    return "prompts" if package_client() else "synthetic"


def prepare_data(source: str, root: Path) -> DemoData:
    """Manifests of one source below `root`; what an earlier run fetched is used again.

    Raises:
        DemoError: the source cannot be had; the message says why and what to use instead.
    """
    folder = root / source
    train, held_out = folder / "train.json", folder / "held_out.json"
    if not _complete(train, held_out):
        folder.mkdir(parents=True, exist_ok=True)
        if source == "prompts":
            train, held_out = write_manifests(get_telephone_prompts(folder), folder)
        elif source == "synthetic":
            train, held_out = write_manifests(make_synthetic_speech(folder), folder)
        else:
            train, held_out = _get_an4(folder)
    return DemoData(train, held_out, DESCRIPTIONS[source])


def _complete(train: Path, held_out: Path) -> bool:
    """True if both manifests are there and their recordings still lie where they say."""
    if not (train.is_file() and held_out.is_file()):
        return False
    entries = [json.loads(line) for path in (train, held_out) for line in path.read_text(encoding="utf-8").splitlines()]
    return bool(entries) and all(Path(entry["audio_filepath"]).is_file() for entry in entries)


def _get_an4(folder: Path) -> tuple[Path, Path]:
    done = subprocess.run(
        [sys.executable, str(AN4_SCRIPT), "--data_root", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        complaint = done.stderr.strip() or f"exit status {done.returncode}"
        raise DemoError(f"AN4 could not be fetched:\n{complaint}\nCheck the network, or use: make demo DATA=prompts")
    manifests = {name: sorted(folder.rglob(f"{name}_manifest.json")) for name in ("train", "test")}
    if not all(manifests.values()):
        raise DemoError(f"{AN4_SCRIPT.name} left no train_manifest.json and test_manifest.json in {folder}; delete it.")
    for part, name in (("train", "train"), ("test", "held_out")):
        (folder / f"{name}.json").write_bytes(manifests[part][0].read_bytes())
    return folder / "train.json", folder / "held_out.json"

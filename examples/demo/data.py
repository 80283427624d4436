"""The three sources of the demo's speech, each fetched once into a folder of its own."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

from examples.demo.debian_package import package_client
from examples.demo.errors import DemoError
from examples.demo.joined_recordings import JOINED_SECONDS, join_recordings
from examples.demo.manifests import DemoData, read_entries, write_manifest, write_manifests
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
OVERRIDES = {
    "prompts": ("trainer.max_epochs=10", "trainer.check_val_every_n_epoch=2"),  # an epoch hears each four times
    "synthetic": ("trainer.max_epochs=20", "trainer.check_val_every_n_epoch=2"),
    "an4": ("trainer.max_epochs=50", "trainer.check_val_every_n_epoch=5"),
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
    train, held_out, joined = (folder / name for name in ("train.json", "held_out.json", "train_joined.json"))
    wanted = [train, held_out, joined] if source == "prompts" else [train, held_out]
    if not all(map(_complete, wanted)):
        folder.mkdir(parents=True, exist_ok=True)
        if source == "prompts":
            write_manifests(get_telephone_prompts(folder), folder)
            write_manifest(joined, join_recordings(read_entries(train), folder / "joined", JOINED_SECONDS))
        elif source == "synthetic":
            write_manifests(make_synthetic_speech(folder), folder)
        else:
            _get_an4(folder)
    given = joined if source == "prompts" else train
    return DemoData(given, held_out, DESCRIPTIONS[source], OVERRIDES[source], train)


def _complete(manifest: Path) -> bool:
    """True if a manifest is there and its recordings still lie where it says."""
    if not manifest.is_file():
        return False
    entries = read_entries(manifest)
    return bool(entries) and all((manifest.parent / str(entry["audio_filepath"])).is_file() for entry in entries)


def _get_an4(folder: Path) -> None:
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
        manifest = manifests[part][0]
        entries = read_entries(manifest)
        for entry in entries:  # relative paths are relative to their manifest
            entry["audio_filepath"] = str((manifest.parent / str(entry["audio_filepath"])).resolve())
        write_manifest(folder / f"{name}.json", entries)

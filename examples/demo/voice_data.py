"""Recordings of one voice for synthesis: manifests, longer pieces for the recogniser, statistics of the pitch."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from hydra import compose, initialize_config_dir

from examples.demo.errors import DemoError
from examples.demo.joined_recordings import JOINED_SECONDS, join_recordings
from examples.demo.manifests import read_entries, write_manifest, write_manifests
from examples.demo.wideband_prompts import LONGEST_SECONDS, get_wideband_prompts

logger = logging.getLogger(__name__)

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIGS = REPOSITORY / "examples" / "tts" / "conf" / "asterisk"
PROMPTS = "prompts"


@dataclass(frozen=True)
class VoiceData:
    """The manifests of a voice."""

    train: Path
    held_out: Path
    joined: Path
    """`train` in longer pieces, for the recogniser."""
    description: str


def prepare_voice(source: str, root: Path) -> VoiceData:
    """Manifests below `root`; what an earlier run fetched is used again.

    Args:
        source: ``prompts``, fetched from Debian, or a folder with train.json and dev.json (or held_out.json).
        root: where all of it goes.

    Raises:
        DemoError: the data cannot be had, or a sentence is in both parts.
    """
    folder = root / ("voice" if source == PROMPTS else f"voice_{Path(source).resolve().name}")
    train, held_out, joined = (folder / f"{name}.json" for name in ("train", "held_out", "joined"))
    found = VoiceData(train, held_out, joined, _description(source))
    if not found.joined.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        if source == PROMPTS:
            write_manifests(get_wideband_prompts(folder), folder, LONGEST_SECONDS)
        else:
            _take_over(Path(source), found)
        write_manifest(found.joined, join_recordings(read_entries(found.train), folder / "joined", JOINED_SECONDS))
    both = sorted(_texts(train) & _texts(held_out))
    if both:
        raise DemoError(
            f"{len(both)} sentences of {held_out} are in {train} too, such as {both[0]!r}. Scores would be too good; "
            "take them out of one."
        )
    return found


def _description(source: str) -> str:
    if source == PROMPTS:
        return (
            "English telephone prompts, one professional voice, 16 kHz "
            "(Debian's asterisk-core-sounds-en-g722: recorded by Allison Smith, CC BY-SA 3.0)"
        )
    return f"the recordings of {source}"


def _take_over(source: Path, found: VoiceData) -> None:
    """Manifests with absolute paths of a folder's manifests."""
    for target, names in ((found.train, ("train.json",)), (found.held_out, ("held_out.json", "dev.json"))):
        manifest = next((source / name for name in names if (source / name).is_file()), None)
        if manifest is None:
            raise DemoError(f"{source} has no {' and no '.join(names)}. Expected manifests of recordings in it.")
        entries = read_entries(manifest)
        for entry in entries:
            entry["audio_filepath"] = str((source / str(entry["audio_filepath"])).resolve())
        write_manifest(target, entries)


def _texts(manifest: Path) -> set[str]:
    return {str(entry["text"]) for entry in read_entries(manifest)}


def pitch_statistics(manifest: Path, features: Path) -> tuple[float, float]:
    """Mean and standard deviation of a voice's pitch in Hz; the pitch itself stays in `features` for training."""
    from nemo.collections.tts.data.statistics import FeatureStatistics
    from nemo.core.classes.serialization import instantiate

    overrides = [f"train_dataset={manifest}", f"sup_data_path={features}", "sup_data_types=[pitch]"]
    overrides += ["pitch_mean=null", "pitch_std=null", "model.train_ds.dataset.pitch_norm=false"]
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        cfg = compose("fastpitch_asterisk", overrides=overrides)
    dataset = instantiate(cfg.model.train_ds.dataset, "dataset", text_tokenizer=lambda text: [0])
    statistics = FeatureStatistics(["pitch"])
    for sample in dataset.prepared(verbose=False):
        statistics.add(sample, mask=sample["pitch"] > 0)
    found = statistics.result()["default"]
    return found["pitch_mean"], found["pitch_std"]

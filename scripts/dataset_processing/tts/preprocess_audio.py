r"""Trims, resamples and levels recordings, leaves out those that are too short or long, and writes a new manifest.

    python preprocess_audio.py --input_manifest=train.json --output_manifest=train_processed.json \
        --output_audio_dir=processed --output_sample_rate=22050 --volume_level=0.95 --min_duration=0.5

With --trim_config_path silence at both ends is cut; the config names a trimmer, such as
{_target_: nemo.collections.tts.parts.preprocessing.audio_trimming.EnergyAudioTrimmer, db_threshold: 50}.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nemo.collections.common.audio.resample import resample
from nemo.collections.common.data.manifest import get_full_path, read_manifest_objects, write_manifest
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.tts.data.paths import get_base_dir
from nemo.collections.tts.data.utterances import Utterance, read_utterances
from nemo.collections.tts.data.volume import normalize_volume
from nemo.core.archive.safe_yaml import load_config
from nemo.core.classes.serialization import instantiate
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input_manifest", required=True, help="manifest of the recordings")
    parser.add_argument("--input_audio_dir", help="where their names begin; default: the manifest's folder")
    parser.add_argument("--output_manifest", required=True, help="manifest to write")
    parser.add_argument("--output_audio_dir", required=True, help="folder that gets the recordings")
    parser.add_argument("--overwrite_audio", action="store_true", help="also those that are there already")
    parser.add_argument("--trim_config_path", help="YAML of a trimmer")
    parser.add_argument("--output_sample_rate", type=int, default=None, help="Hz; default: that of each recording")
    parser.add_argument("--output_format", choices=["wav", "flac"], default="wav")
    parser.add_argument("--volume_level", type=float, default=0.95, help="highest peak, 0 to 1; 0 leaves the volume")
    parser.add_argument("--min_duration", type=float, default=0.0, help="seconds; shorter ones are left out")
    parser.add_argument("--max_duration", type=float, default=float("inf"), help="seconds; longer ones are left out")
    return parser.parse_args(argv)


def process(utterance: Utterance, target: Path, args: argparse.Namespace, trimmer: Any) -> float:
    """Writes one recording; returns its seconds.

    Raises:
        AudioFileError: it cannot be read.
    """
    soundfile = require("soundfile", extra="tts", purpose="writing audio")
    if target.exists() and not args.overwrite_audio:
        return float(soundfile.info(target).duration)
    samples = utterance.samples(None)
    rate = int(soundfile.info(utterance.audio_file).samplerate)
    if trimmer is not None:
        samples, _, _ = trimmer.trim_audio(samples, rate, utterance.place)
    if args.output_sample_rate is not None:
        samples = resample(samples, rate, args.output_sample_rate)
        rate = args.output_sample_rate
    if args.volume_level > 0:
        samples = normalize_volume(samples, args.volume_level)
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as temporary:
        soundfile.write(temporary, samples, rate, format=args.output_format.upper(), subtype="PCM_16")
    return len(samples) / rate


def process_all(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Writes all recordings; returns the lines of the new manifest."""
    trimmer = None
    if args.trim_config_path is not None:
        trimmer = instantiate(load_config(Path(args.trim_config_path).read_bytes(), args.trim_config_path), "trimmer")
    utterances = read_utterances(args.input_manifest, with_text=False)
    entries = read_manifest_objects(args.input_manifest)
    if args.input_audio_dir is not None:
        for utterance, entry in zip(utterances, entries, strict=True):
            utterance.audio_file = str(get_full_path(entry["audio_filepath"], data_dir=args.input_audio_dir))
    base = args.input_audio_dir or get_base_dir(utterance.audio_file for utterance in utterances)
    folder, kept = Path(args.output_audio_dir), []
    beside = Path(args.output_manifest).parent
    for utterance, entry in zip(tqdm(utterances, unit="file"), entries, strict=True):
        relative = Path(os.path.relpath(utterance.audio_file, base)).with_suffix(f".{args.output_format}")
        target = folder / relative
        duration = process(utterance, target, args, trimmer)
        if args.min_duration <= duration <= args.max_duration:
            place = os.path.relpath(target, beside)
            kept.append({**entry, "audio_filepath": place, "duration": round(duration, 4)} | {"offset": 0.0})
    return kept


def main(argv: Sequence[str] | None = None) -> int:
    """Processes; returns the exit status."""
    args = arguments(argv)
    try:
        if not 0 <= args.volume_level <= 1:
            raise ConfigError(f"--volume_level is {args.volume_level}. Expected a number from 0 to 1.")
        kept = process_all(args)
        write_manifest(args.output_manifest, kept, ensure_ascii=False)
    except (ConfigError, ManifestError, AudioFileError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{args.output_manifest}: {len(kept)} recordings, {sum(e['duration'] for e in kept):.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

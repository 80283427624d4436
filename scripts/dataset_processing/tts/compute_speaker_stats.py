r"""Computes mean and deviation of each voice's pitch, which TTSDataset reads from `pitch_stats_path`.

    python compute_speaker_stats.py --manifest_path=train.json --sup_data_path=features \
        --pitch_stats_path=pitch.json --sample_rate=22050

Pitch that is already in the folder is not computed again, if it was with the same numbers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.tts.data.statistics import FeatureStatistics
from nemo.collections.tts.data.tts_dataset import TTSDataset
from nemo.utils.exceptions import ConfigError


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest_path", required=True, help="manifest with the speaker on each line")
    parser.add_argument("--sup_data_path", help="folder where pitch is kept")
    parser.add_argument("--pitch_stats_path", required=True, help="JSON file to write")
    parser.add_argument("--sample_rate", type=int, default=22050, help="Hz")
    parser.add_argument("--win_length", type=int, default=1024, help="samples of a frame")
    parser.add_argument("--hop_length", type=int, default=256, help="samples between frames")
    parser.add_argument("--pitch_fmin", type=float, default=65.40639132514966, help="Hz")
    parser.add_argument("--pitch_fmax", type=float, default=2093.004522404789, help="Hz")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Computes and writes; returns the exit status."""
    args = arguments(argv)
    statistics = FeatureStatistics(["pitch"])
    try:
        dataset = TTSDataset(
            args.manifest_path,
            args.sample_rate,
            lambda text: [0],  # texts do not matter here
            sup_data_path=args.sup_data_path,
            sup_data_types=["pitch"],
            win_length=args.win_length,
            hop_length=args.hop_length,
            pitch_fmin=args.pitch_fmin,
            pitch_fmax=args.pitch_fmax,
        )
        for utterance, sample in zip(dataset.data, dataset.prepared(), strict=True):
            statistics.add(sample, utterance.speaker, sample["pitch"] > 0)
        statistics.write(args.pitch_stats_path)
    except (ConfigError, ManifestError, AudioFileError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for speaker, values in statistics.result().items():
        sys.stdout.write(f"{speaker}: {values['pitch_mean']:.1f} Hz, deviation {values['pitch_std']:.1f} Hz\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

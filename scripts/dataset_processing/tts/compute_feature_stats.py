r"""Computes features of recordings, and their means and deviations, for TextToSpeechDataset.

    python compute_feature_stats.py --feature_config_path=features.yaml --manifest_path=train.json \
        --audio_dir=audio --feature_dir=features --feature_names=pitch,energy --stats_path=feature_stats.json

The config has the section `featurizers`, as train_ds.dataset has. Features that are there already are not computed
again. Values where the mask is False do not count; --mask_field="" counts all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.tts.data.featurizers import Featurizer
from nemo.collections.tts.data.sources import as_meta, in_folder
from nemo.collections.tts.data.statistics import FeatureStatistics
from nemo.collections.tts.data.utterances import read_utterances
from nemo.core.archive.safe_yaml import load_config
from nemo.core.classes.serialization import instantiate
from nemo.utils.exceptions import ConfigError


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feature_config_path", required=True, help="YAML with the section featurizers")
    parser.add_argument("--manifest_path", required=True, help="manifest of the recordings")
    parser.add_argument("--audio_dir", help="where their names begin; default: the manifest's folder")
    parser.add_argument("--feature_dir", required=True, help="folder where features are kept")
    parser.add_argument("--feature_names", default="pitch,energy", help="features to count, commas between")
    parser.add_argument("--mask_field", default="voiced_mask", help="feature that says which values count")
    parser.add_argument("--stats_path", required=True, help="JSON file to write")
    return parser.parse_args(argv)


def featurizers_of(path: str) -> list[Featurizer]:
    """The featurizers that a config describes.

    Raises:
        ConfigError: it describes none.
    """
    section = load_config(Path(path).read_bytes(), path).get("featurizers")
    if not section:
        raise ConfigError(f"{path} has no featurizers. Expected a section such as {{pitch: {{_target_: ...}}}}.")
    return [instantiate(each, f"featurizers.{name}") for name, each in section.items()]


def main(argv: Sequence[str] | None = None) -> int:
    """Computes and writes; returns the exit status."""
    args = arguments(argv)
    names = args.feature_names.split(",")
    statistics = FeatureStatistics(names)
    try:
        featurizers = featurizers_of(args.feature_config_path)
        meta = as_meta("dataset", {"manifest_path": args.manifest_path, "audio_dir": args.audio_dir})
        for utterance in tqdm(read_utterances(args.manifest_path, with_text=False), unit="file"):
            if args.audio_dir is not None:
                utterance.audio_file = in_folder(utterance.audio_file, meta)
            found = {}
            for featurizer in featurizers:
                found.update(featurizer.of_utterance(utterance, args.feature_dir))
            missing = [name for name in (*names, args.mask_field) if name and name not in found]
            if missing:
                raise ConfigError(f"{args.feature_config_path} has no featurizer of {', '.join(missing)}. Add one.")
            statistics.add(found, utterance.speaker, found[args.mask_field] if args.mask_field else None)
        statistics.write(args.stats_path)
    except (ConfigError, ManifestError, AudioFileError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{args.stats_path}: {len(statistics.result())} entries\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

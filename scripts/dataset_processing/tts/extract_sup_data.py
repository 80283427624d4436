r"""Computes what TTSDataset keeps in `sup_data_path` (pitch, energy, ...), and mean and deviation of the pitch.

    python extract_sup_data.py --config-path=ljspeech/ds_conf --config-name=ds_for_fastpitch_align \
        manifest_filepath=data/train_manifest.json sup_data_path=data/features pitch_stats_path=data/pitch.json

Put the numbers that it prints into `model.pitch_mean` and `model.pitch_std`. Training computes what is missing by
itself; this does it beforehand. Settings of the dataset must be those of the model's train_ds, or features are
computed again there.
"""

import sys

from omegaconf import DictConfig

from nemo.collections.tts.data.statistics import FeatureStatistics
from nemo.collections.tts.data.tts_dataset import TTSDataset
from nemo.core.classes.serialization import instantiate
from nemo.core.config import hydra_runner
from nemo.utils.exceptions import ConfigError


def extract(cfg: DictConfig) -> FeatureStatistics | None:
    """Computes the features of a config's dataset; the statistics of its pitch, if it has one."""
    dataset = instantiate(cfg.dataset, "dataset")
    if not isinstance(dataset, TTSDataset):
        raise ConfigError(f"dataset is a {type(dataset).__name__}. Expected a TTSDataset; mend dataset._target_.")
    statistics = FeatureStatistics(["pitch"]) if "pitch" in cfg.sup_data_types else None
    for index, sample in enumerate(dataset.prepared()):
        if statistics is not None:
            statistics.add(sample, dataset.data[index].speaker, sample["pitch"] != 0)
    if statistics is not None and cfg.pitch_stats_path is not None:
        statistics.write(cfg.pitch_stats_path)
    return statistics


@hydra_runner(config_path="ljspeech/ds_conf", config_name="ds_for_fastpitch_align")
def main(cfg: DictConfig) -> None:
    """Computes features and prints the statistics of the pitch."""
    statistics = extract(cfg)
    if statistics is not None:
        of_all = statistics.result()["default"]
        sys.stdout.write(
            f"PITCH_MEAN={of_all['pitch_mean']:.4f}, PITCH_STD={of_all['pitch_std']:.4f}\n"
            f"PITCH_MIN={statistics.least['pitch']:.4f}, PITCH_MAX={statistics.greatest['pitch']:.4f}\n"
        )


if __name__ == "__main__":
    main()

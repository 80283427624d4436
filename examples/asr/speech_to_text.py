r"""Trains a CTC model over characters.

The place and name that asr_ctc/speech_to_text_ctc.py had in release 1.0:

    python examples/asr/speech_to_text.py --config-path=conf --config-name=quartznet_15x5 \
        model.train_ds.manifest_filepath=train.json model.validation_ds.manifest_filepath=dev.json \
        trainer.max_epochs=50 +trainer.fast_dev_run=true
"""

from asr_ctc.speech_to_text_ctc import main as train  # beside this script
from omegaconf import DictConfig

from nemo.core.config import hydra_runner


@hydra_runner(config_path="conf", config_name="quartznet_15x5")
def main(cfg: DictConfig) -> None:
    """Trains, and tests if there is a test set."""
    train(cfg)


if __name__ == "__main__":
    main()

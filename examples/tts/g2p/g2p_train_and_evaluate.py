r"""Trains a model that turns spelling into phonemes, and measures it.

    python g2p_train_and_evaluate.py --config-name=g2p_conformer_ctc \
        train_manifest=train.json validation_manifest=validation.json test_manifest=test.json do_testing=true \
        model.tokenizer.dir=tokenizer/tokenizer_spe_bpe_v512
    python g2p_train_and_evaluate.py train_manifest=train.json validation_manifest=validation.json

The second line fine-tunes ByT5 (g2p_t5.yaml). Manifests out of a dictionary are made by
scripts/dataset_processing/g2p/make_dictionary_manifests.py.
Only measure a trained model: do_training=false do_testing=true pretrained_model=model.nemo test_manifest=test.json.
Look at the whole configuration without training: add --cfg job.
"""

from g2p_training import train_and_evaluate
from omegaconf import DictConfig

from nemo.collections.tts.models.ctc_g2p import CTCG2PModel
from nemo.collections.tts.models.t5_g2p import T5G2PModel
from nemo.core.config import hydra_runner


@hydra_runner(config_path="conf", config_name="g2p_t5")
def main(cfg: DictConfig) -> None:
    """Trains, tests."""
    train_and_evaluate(CTCG2PModel if "conformer" in cfg.model.model_name else T5G2PModel, cfg)


if __name__ == "__main__":
    main()

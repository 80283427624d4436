r"""Trains a model that tells which reading a heteronym has in its sentence, and measures it.

    python g2p_heteronym_classification_train_and_evaluate.py \
        train_manifest=train.json validation_manifest=dev.json wordids=wordids.tsv \
        test_manifest=test.json do_testing=true

Each line of a manifest has text_graphemes (the sentence), start_end, homograph_span and word_id.
Only measure a trained model: do_training=false do_testing=true pretrained_model=model.nemo test_manifest=test.json.
Look at the whole configuration without training: add --cfg job.
"""

from g2p_training import train_and_evaluate
from omegaconf import DictConfig

from nemo.collections.tts.models.heteronym_classification import HeteronymClassificationModel
from nemo.core.config import hydra_runner


@hydra_runner(config_path="conf", config_name="g2p_heteronym_classification")
def main(cfg: DictConfig) -> None:
    """Trains, tests."""
    train_and_evaluate(HeteronymClassificationModel, cfg)


if __name__ == "__main__":
    main()

r"""Labels the words of sentences, and reports how well a model labels a file.

    python token_classification_evaluate.py pretrained_model=ner.nemo model.dataset.data_dir=data/ner \
        model.test_ds.text_file=text_dev.txt model.test_ds.labels_file=labels_dev.txt

Writes into `+output_dir` (default: the working folder) the labelled sentences, report.txt and confusion_matrix.tsv.
"""

import logging
import os

from omegaconf import DictConfig

from nemo.collections.nlp.models import TokenClassificationModel
from nemo.core.config import hydra_runner
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger("nemo.examples")

QUERIES = ("we bought four shirts from the store in santa clara", "the meeting is in paris on monday")


@hydra_runner(config_path="conf", config_name="token_classification_config")
def main(cfg: DictConfig) -> None:
    """Shows two sentences, and evaluates the test set if there is one."""
    if not cfg.pretrained_model:
        raise ConfigError("pretrained_model is not set. Expected a .nemo file, or the name of a published model.")
    if cfg.pretrained_model.endswith(".nemo"):
        model = TokenClassificationModel.restore_from(cfg.pretrained_model)
    else:
        model = TokenClassificationModel.from_pretrained(cfg.pretrained_model)
    for query, result in zip(QUERIES, model.add_predictions(QUERIES), strict=True):
        logger.info("%s -> %s", query, result)
    if cfg.model.test_ds.text_file is None:
        return
    folder = cfg.model.dataset.data_dir
    labels = cfg.model.test_ds.labels_file
    model.evaluate_from_file(
        cfg.get("output_dir", "."),
        os.path.join(folder, cfg.model.test_ds.text_file),
        None if labels is None else os.path.join(folder, labels),
        add_confusion_matrix=True,
        normalize_confusion_matrix=True,
        batch_size=cfg.model.test_ds.batch_size,
    )


if __name__ == "__main__":
    main()

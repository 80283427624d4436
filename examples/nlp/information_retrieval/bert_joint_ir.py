r"""Trains the retrieval of passages: an encoder that reads query and passage together.

    python bert_joint_ir.py \
        model.train_ds.passages=collection.tsv model.train_ds.queries=queries.tsv \
        model.train_ds.query_to_passages=query2passages.tsv \
        model.validation_ds.passages=dev_collection.tsv model.validation_ds.queries=dev_queries.tsv \
        model.validation_ds.query_to_passages=dev_query2passages.tsv

The files are described in retrieval_training.py.
"""

from omegaconf import DictConfig
from retrieval_training import train

from nemo.collections.nlp.models import BertJointIRModel
from nemo.core.config import hydra_runner


@hydra_runner(config_path="conf", config_name="bert_ir_config")
def main(cfg: DictConfig) -> None:
    """Trains, and writes `model.nemo_path` if it is set."""
    train(BertJointIRModel, cfg)


if __name__ == "__main__":
    main()

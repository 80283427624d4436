r"""Scores classes, named at the time, for texts.

python zero_shot_intent_infer.py zero_shot.nemo --labels "music,weather,alarm" "play some jazz" "is it cold outside"
"""

import argparse
import sys

from nemo.collections.nlp.models import ZeroShotIntentModel


def main() -> None:
    """Writes each text with its classes, the likeliest first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a .nemo file, or the name of a published model")
    parser.add_argument("queries", nargs="+", help="texts")
    parser.add_argument("--labels", required=True, help="classes, with commas between")
    parser.add_argument("--one-label", action="store_true", help="each text has one class: its scores sum to 1")
    parser.add_argument("--batch-size", type=int, default=8, help="pairs of a text and a class computed together")
    given = parser.parse_args()
    restore = ZeroShotIntentModel.restore_from if given.model.endswith(".nemo") else ZeroShotIntentModel.from_pretrained
    results = restore(given.model).predict(
        given.queries, given.labels, batch_size=given.batch_size, multi_label=not given.one_label
    )
    for result in results:
        pairs = zip(result["labels"], result["scores"], strict=True)
        sys.stdout.write(result["sentence"] + ": " + ", ".join(f"{label} {score:.3f}" for label, score in pairs) + "\n")


if __name__ == "__main__":
    main()

r"""Tells which reading the heteronyms of sentences have.

    python g2p_heteronym_classification_inference.py pretrained_model=heteronyms.nemo \
        manifest=sentences.json output_file=readings.json
    python g2p_heteronym_classification_inference.py pretrained_model=heteronyms.nemo \
        sentence="I read it yesterday." wordid_to_phonemes_file=wordid_to_ipa.tsv

Each line of the manifest has text_graphemes, the output pred_wordid with the ids of the readings, too. Lines with
word_id are measured. Of one sentence the ids are printed, and the sentence with the phonemes of its heteronyms.
"""

from dataclasses import dataclass

from nemo.collections.common.data.manifest import read_manifest_objects
from nemo.collections.tts.models.heteronym_classification import HeteronymClassificationModel
from nemo.core.config import hydra_runner


@dataclass
class TranscriptionConfig:
    """What is read, by what, and where the readings go."""

    pretrained_model: str  # a .nemo file or a published name
    manifest: str | None = None  # JSON lines, or ...
    sentence: str | None = None  # ... one sentence
    output_file: str | None = None  # the manifest's lines with their readings
    grapheme_field: str = "text_graphemes"  # key of the sentence
    wordid_to_phonemes_file: str | None = None  # a word id and its phonemes on each line
    batch_size: int = 32
    num_workers: int = 0


def accuracy(manifest: str, predicted: list[list[str]]) -> str:
    """The share of right readings as text; nothing where the manifest has none."""
    pairs = []
    for item, found in zip(read_manifest_objects(manifest), predicted, strict=True):
        wanted = item.get("word_id")
        if wanted is not None:
            pairs.append((wanted if isinstance(wanted, list) else [wanted], found))
    count = sum(len(wanted) for wanted, _ in pairs)
    right = sum(each in found[place : place + 1] for wanted, found in pairs for place, each in enumerate(wanted))
    return f"accuracy {right / count:.2%}, {count} heteronyms" if count else ""


@hydra_runner(config_name="TranscriptionConfig", schema=TranscriptionConfig)
def main(cfg: TranscriptionConfig) -> None:
    """Restores, reads, prints."""
    if (cfg.manifest is None) == (cfg.sentence is None):
        raise ValueError("Give one of manifest=FILE and sentence=TEXT.")
    kind = HeteronymClassificationModel
    model = (kind.restore_from if cfg.pretrained_model.endswith(".nemo") else kind.from_pretrained)(
        cfg.pretrained_model
    )
    if cfg.sentence is not None:
        wordids, written = model.disambiguate([cfg.sentence], wordid_to_phonemes_file=cfg.wordid_to_phonemes_file)
        print(", ".join(wordids[0]) or "no heteronym", written[0], sep="\n")
        return
    predicted = model.disambiguate_manifest(
        cfg.manifest, cfg.output_file, cfg.grapheme_field, cfg.batch_size, cfg.num_workers
    )
    print(f"{sum(map(len, predicted))} heteronyms in {len(predicted)} lines", accuracy(cfg.manifest, predicted))


if __name__ == "__main__":
    main()

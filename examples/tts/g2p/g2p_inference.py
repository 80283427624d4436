r"""Writes the phonemes of the spellings of a manifest; measures them where the manifest has the right ones.

    python g2p_inference.py pretrained_model=g2p.nemo manifest_filepath=words.json output_file=phonemes.json
    python g2p_inference.py pretrained_model=g2p.nemo manifest_filepath=test.json output_file=phonemes.json \
        phoneme_field=text

Each line of the manifest has text_graphemes; the output has pred_text, too. With phoneme_field the error rates of
phonemes and words are printed; no line is left out of them.
"""

from dataclasses import dataclass

from nemo.collections.common.data.manifest import read_manifest_objects
from nemo.collections.tts.g2p.error_rates import PronunciationErrors
from nemo.collections.tts.g2p.spelling_pairs import text_of
from nemo.collections.tts.models.ctc_g2p import CTCG2PModel
from nemo.core.classes.model_pt import ModelPT
from nemo.core.config import hydra_runner


@dataclass
class TranscriptionConfig:
    """What is read, by what, and where the phonemes go."""

    pretrained_model: str  # a .nemo file or a published name
    manifest_filepath: str
    output_file: str
    grapheme_field: str = "text_graphemes"  # key of the spelling
    pred_field: str = "pred_text"  # key that the phonemes get
    phoneme_field: str | None = None  # key of the right phonemes
    batch_size: int = 32
    num_workers: int = 0


def error_rates(manifest: str, key: str, predicted: list[str]) -> str:
    """PER and WER as text."""
    lines = enumerate(read_manifest_objects(manifest), start=1)
    wanted = [text_of(item, key, f"{manifest} entry {number}") for number, item in lines]
    errors = PronunciationErrors()
    errors.update(predicted, wanted)
    return f"PER {errors.phonemes.compute():.2%}, WER {errors.words.compute():.2%}, {len(wanted)} lines"


@hydra_runner(config_name="TranscriptionConfig", schema=TranscriptionConfig)
def main(cfg: TranscriptionConfig) -> None:
    """Restores, converts, measures."""
    is_file = cfg.pretrained_model.endswith(".nemo")
    restore = ModelPT.restore_from if is_file else CTCG2PModel.from_pretrained
    model = restore(cfg.pretrained_model)
    predicted = model.convert_graphemes_to_phonemes(
        manifest_filepath=cfg.manifest_filepath,
        output_manifest_filepath=cfg.output_file,
        grapheme_field=cfg.grapheme_field,
        batch_size=cfg.batch_size,
        num_workers=cfg.num_workers,
        pred_field=cfg.pred_field,
    )
    print(f"{cfg.output_file}: {len(predicted)} lines")
    if cfg.phoneme_field is not None:
        print(error_rates(cfg.manifest_filepath, cfg.phoneme_field, predicted))


if __name__ == "__main__":
    main()

r"""Speaks a text, the lines of a file, or the texts of a manifest, with trained models.

    python text_to_speech.py model_path=fastpitch.nemo vocoder_path=hifigan.nemo text="Good morning." output=out.wav
    python text_to_speech.py pretrained_name=tts_en_fastpitch pretrained_vocoder=tts_en_hifigan \
        text_file=prompts.txt output_dir=prompts
    python text_to_speech.py model_path=vits.nemo manifest=test.json output_dir=spoken pace=1.1

Texts may have any length: sentences are spoken one by one. A folder of output also gets manifest.json, with what the
manifest line said and the new audio_filepath and duration. A text that cannot be spoken is reported, the others are
done. Without a vocoder Griffin-Lim makes the audio; VITS needs none.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from nemo.collections.common.data.manifest import read_manifest_objects, write_manifest
from nemo.collections.tts.inference import Spoken, Synthesizer, load_acoustic_model, load_vocoder
from nemo.core.config import hydra_runner
from nemo.utils.exceptions import ConfigError, NonFiniteError

logger = logging.getLogger("nemo.examples")


@dataclass
class SpeechConfig:
    """What to say, with what, and how."""

    model_path: str | None = None  # a .nemo file, or ...
    pretrained_name: str | None = None  # ... the name of a published model
    vocoder_path: str | None = None  # the same of the vocoder; neither: Griffin-Lim
    pretrained_vocoder: str | None = None
    text: str | None = None  # what is said, or ...
    text_file: str | None = None  # ... a file with a text a line, or ...
    manifest: str | None = None  # ... a manifest with normalized_text or text, and perhaps speaker
    output: str = "speech.wav"  # of a text
    output_dir: str = "speech"  # of a file or manifest
    speaker: int | None = None  # id of the voice, for texts that do not say
    pace: float = 1.0  # above 1 is faster
    pitch: float = 0.0  # semitones
    volume: float = 1.0
    normalize: bool = True  # write out numbers and abbreviations
    pause_seconds: float = 0.25  # between sentences
    batch_size: int = 1  # sentences computed together
    random_seed: int = 0
    cuda: int | None = None  # index of a GPU; null: the first if there is one; negative: the CPU


def check(cfg: Any) -> None:
    """Raises a ValueError unless there is one model and one source of texts."""
    if (cfg.model_path is None) == (cfg.pretrained_name is None):
        raise ValueError("Give one of model_path=FILE.nemo and pretrained_name=NAME.")
    if cfg.vocoder_path is not None and cfg.pretrained_vocoder is not None:
        raise ValueError("Give one of vocoder_path=FILE.nemo and pretrained_vocoder=NAME.")
    if [cfg.text, cfg.text_file, cfg.manifest].count(None) != 2:
        raise ValueError("Give one of text=TEXT, text_file=FILE and manifest=FILE.")


def load(cfg: Any) -> Synthesizer:
    """What speaks with the models that `cfg` names."""
    use_gpu = torch.cuda.is_available() and (cfg.cuda is None or cfg.cuda >= 0)
    device = torch.device("cuda", cfg.cuda or 0) if use_gpu else torch.device("cpu")
    name = cfg.vocoder_path or cfg.pretrained_vocoder
    vocoder = None if name is None else load_vocoder(name, device)
    model = load_acoustic_model(cfg.model_path or cfg.pretrained_name, device)
    return Synthesizer(model, vocoder, batch_size=cfg.batch_size, pause_seconds=cfg.pause_seconds)


def rows_of(cfg: Any) -> list[dict[str, Any]]:
    """What is said, in order: `text`, and whatever else a manifest says."""
    if cfg.manifest is None:
        lines = Path(cfg.text_file).read_text(encoding="utf-8").splitlines()
        return [{"text": line} for line in lines if line.strip()]
    rows = read_manifest_objects(cfg.manifest)
    for number, row in enumerate(rows, 1):
        if not (row.get("normalized_text") or row.get("text")):
            raise ValueError(f'{cfg.manifest} line {number} has no "text". Each line needs text or normalized_text.')
    return rows


def say(synthesizer: Synthesizer, row: dict[str, Any], cfg: Any) -> Spoken:
    """A text as audio."""
    written = row.get("normalized_text")
    speaker = row.get("speaker", cfg.speaker)
    return synthesizer.speak(
        written or row["text"],
        None if speaker is None else int(speaker),
        pace=cfg.pace,
        pitch=cfg.pitch,
        volume=cfg.volume,
        normalize=cfg.normalize and written is None,
    )


def say_all(synthesizer: Synthesizer, cfg: Any) -> tuple[list[dict[str, Any]], int]:
    """Writes a file for each text; the lines of the new manifest, and how many texts could not be spoken."""
    folder = Path(cfg.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    rows, failed = rows_of(cfg), 0
    done = []
    for number, row in enumerate(rows, 1):
        try:
            spoken = say(synthesizer, row, cfg)
        except (ConfigError, NonFiniteError) as error:
            failed += 1
            logger.error("%s line %d: %s", cfg.manifest or cfg.text_file, number, error)
            continue
        path = folder / f"{number:0{len(str(len(rows)))}d}.wav"
        spoken.save(path)
        done.append({**row, "audio_filepath": path.name, "duration": round(spoken.duration, 3)})
    return done, failed


@hydra_runner(config_name="SpeechConfig", schema=SpeechConfig)
def main(cfg: SpeechConfig) -> None:
    """Writes the audio and says where."""
    check(cfg)
    pl.seed_everything(cfg.random_seed, verbose=False)
    synthesizer = load(cfg)
    if cfg.text is not None:
        spoken = say(synthesizer, {"text": cfg.text}, cfg)
        spoken.save(cfg.output)
        print(f"{cfg.output}: {spoken.duration:.2f} s, {spoken.sample_rate} Hz")
        return
    done, failed = say_all(synthesizer, cfg)
    write_manifest(Path(cfg.output_dir) / "manifest.json", done, ensure_ascii=False)
    seconds = sum(row["duration"] for row in done)
    print(f"{cfg.output_dir}: {len(done)} files, {seconds:.2f} s, {synthesizer.sample_rate} Hz; {failed} texts failed")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

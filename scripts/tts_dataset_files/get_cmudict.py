r"""Gets the CMU Pronouncing Dictionary (American English, ARPABET) and, if asked, writes it in IPA.

    python get_cmudict.py --output_dir=dictionaries
    python get_cmudict.py --output_dir=dictionaries --ipa

Makes dictionaries/cmudict.dict for `EnglishG2p` and dictionaries/ipa_cmudict.dict for `IpaG2p`. The file is read before
it counts: a page of errors is no dictionary. What is already there is not downloaded again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.tts.g2p.arpabet import arpabet_to_ipa
from nemo.collections.tts.g2p.dictionaries import Pronunciations, read_cmu_dictionary
from nemo.utils.atomic import atomic_write
from nemo.utils.download import download
from nemo.utils.exceptions import DownloadError

URL = "https://raw.githubusercontent.com/cmusphinx/cmudict/master/cmudict.dict"
MAX_BYTES = 50_000_000


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output_dir", type=Path, required=True, help="folder for the dictionaries")
    parser.add_argument("--ipa", action="store_true", help="write the dictionary in IPA, too")
    parser.add_argument("--url", default=URL, help="address of the dictionary")
    parser.add_argument("--sha256", help="checksum that it must have")
    return parser.parse_args(argv)


def write_ipa(entries: Pronunciations, path: Path) -> None:
    """Writes a dictionary of ARPABET in IPA; pronunciations that become the same are written once."""
    with atomic_write(path) as part, open(part, "w", encoding="utf-8") as file:
        for word, pronunciations in entries.items():
            ipa = dict.fromkeys("".join(arpabet_to_ipa(one)) for one in pronunciations)
            file.writelines(f"{word.upper()}  {one}\n" for one in ipa)


def main(argv: Sequence[str] | None = None) -> int:
    """Gets, checks, converts; returns the exit status."""
    args = arguments(argv)
    path = args.output_dir / "cmudict.dict"
    is_new = not path.exists()
    try:
        download(args.url, path, sha256=args.sha256, max_bytes=MAX_BYTES)
        entries = read_cmu_dictionary(path, encoding="utf-8")
        sys.stdout.write(f"{path}: {len(entries)} words\n")
        if args.ipa:
            write_ipa(entries, args.output_dir / "ipa_cmudict.dict")
            sys.stdout.write(f"{args.output_dir / 'ipa_cmudict.dict'}: the same in IPA\n")
    except TextFileError as error:
        if is_new:
            path.unlink()  # the next call gets it again
        sys.stderr.write(f"{args.url} gave no dictionary: {error}\n")
        return 1
    except (DownloadError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

r"""Gets LJ Speech (Ito and Johnson, 2017: one voice, 24 hours, 22.05 kHz, public domain) and writes manifests.

    python get_data.py --data-root=data

Makes train_manifest.json, val_manifest.json and test_manifest.json in data/LJSpeech-1.1, with `normalized_text`, the
texts with numbers and abbreviations written out. An archive that is already in data/ is not downloaded again.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.data.ljspeech import URL, download_ljspeech
from nemo.utils import logging as nemo_logging
from nemo.utils.exceptions import DownloadError


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", required=True, help="folder for the data")
    parser.add_argument("--url", default=URL, help="address of the archive")
    parser.add_argument("--val-size", type=int, default=100, help="recordings for validation")
    parser.add_argument("--test-size", type=int, default=500, help="recordings for tests")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Gets the data; returns the exit status."""
    args = arguments(argv)
    nemo_logging.setLevel(logging.INFO)
    try:
        made = download_ljspeech(args.data_root, args.url, val_size=args.val_size, test_size=args.test_size)
    except (DownloadError, ManifestError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for manifest, count in made.values():
        sys.stdout.write(f"{manifest}: {count} recordings\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

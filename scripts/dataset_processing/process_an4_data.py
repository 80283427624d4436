r"""Gets AN4 (Carnegie Mellon University, 1991: spelt addresses, 948 + 130 recordings, 16 kHz) and writes manifests.

    python process_an4_data.py --data_root=data

Makes data/an4/train_manifest.json and data/an4/test_manifest.json, with 16-bit WAV files in data/an4/wavs. An archive
that is already at data/an4_sphere.tar.gz (or data/an4_raw.bigendian.tar.gz) is not downloaded again.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from nemo.collections.asr.data.an4 import URL, download_an4
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.utils import logging as nemo_logging
from nemo.utils.exceptions import DownloadError


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_root", required=True, help="folder for the data")
    parser.add_argument("--url", default=URL, help="address of the archive, .sph or raw kind")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Gets and converts; returns the exit status."""
    args = arguments(argv)
    nemo_logging.setLevel(logging.INFO)
    try:
        for manifest, count in download_an4(args.data_root, url=args.url).values():
            sys.stdout.write(f"{manifest}: {count} recordings\n")
    except (DownloadError, AudioFileError, ManifestError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

r"""Gets SQuAD (Rajpurkar et al., 2016 and 2018, CC BY-SA 4.0), versions 1.1 and 2.0.

    python get_squad.py --destDir=data

The files become data/squad/v1.1/train-v1.1.json and so on. What is there already is not downloaded again; an
interrupted download goes on where it stopped. Each file is read as training would read it.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.squad_file import read_squad
from nemo.utils import logging as nemo_logging
from nemo.utils.download import download
from nemo.utils.exceptions import ArchiveError, DownloadError

logger = logging.getLogger("nemo.examples")

URL = "https://rajpurkar.github.io/SQuAD-explorer/dataset"
VERSIONS = ("v1.1", "v2.0")


def main(argv: Sequence[str] | None = None) -> int:
    """Gets the files; the process's exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--destDir", required=True, type=Path, help="folder for the data")
    parser.add_argument("--versions", default=",".join(VERSIONS), help="commas between")
    parser.add_argument("--url", default=URL, help="address under which the files lie")
    given = parser.parse_args(argv)
    nemo_logging.setLevel(logging.INFO)
    try:
        for version in given.versions.split(","):
            for part in ("train", "dev"):
                name = f"{part}-{version}.json"
                path = download(f"{given.url}/{name}", given.destDir / "squad" / version / name)
                questions = read_squad(path, with_answers=True, version_2_with_negative=True)
                logger.info("%s: %d questions", path, len(questions))
    except (DownloadError, TextFileError, ArchiveError) as error:
        logger.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

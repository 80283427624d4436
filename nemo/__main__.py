"""``python -m nemo`` is the command ``nemo``."""

import sys

from nemo.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

"""How many examples the property tests of this folder try: always the same ones, and no time decides."""

import os

from hypothesis import settings

EXAMPLES = int(os.environ.get("NEMO_FUZZ_EXAMPLES", "500"))

some = settings(deadline=None, derandomize=True, database=None)
many = settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES == 500, database=None)

"""Text: classification, tagging, question answering, translation and language models.

import nemo.collections.nlp as nemo_nlp
model = nemo_nlp.models.TextClassificationModel.restore_from("intents.nemo")
print(model.classifytext(["play some jazz"]))
"""

from nemo.package_info import __version__ as __version__
from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {},
    submodules=[
        "data",
        "metrics",
        "models",
        "modules",
        "parts",  # of the original's layout, served by nemo.aliases
    ],
)

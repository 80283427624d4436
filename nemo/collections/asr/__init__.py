"""Speech recognition: models, modules, decoding, inference, data, losses and metrics.

import nemo.collections.asr as nemo_asr
model = nemo_asr.models.EncDecCTCModel.restore_from("model.nemo")
print(model.transcribe(["a.wav"])[0])
"""

from nemo.package_info import __version__ as __version__
from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__, {}, submodules=["data", "decoding", "inference", "losses", "metrics", "model", "models", "modules"]
)

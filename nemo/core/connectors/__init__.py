"""How a model becomes a file and a file a model."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"save_restore_connector": ["SaveRestoreConnector"]})

"""Loading through lhotse: cuts, sampled lazily into batches of a total duration. Needs the extra `lhotse`."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "dataloader": ["LhotseDataLoadingConfig", "get_lhotse_dataloader_from_config"],
        "nemo_adapters": ["LazyNeMoIterator"],
    },
    submodules=["dataloader", "nemo_adapters"],
)

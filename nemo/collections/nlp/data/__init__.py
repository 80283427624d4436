"""Text data: files of texts and labels, data sets, loaders."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "text_lines": ["TextLine", "read_lines"],
    },
    submodules=[
        "text_lines",
    ],
)

"""Text data: files of texts and labels, data sets, loaders."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "labelled_text": ["TextClassificationDataset", "read_labelled_texts"],
        "tarred_translation": ["TarredTranslationDataset"],
        "text_lines": ["TextLine", "read_lines"],
        "translation": ["TranslationDataset"],
    },
    submodules=[
        "class_weights",
        "encoder_inputs",
        "labelled_text",
        "machine_translation",  # of the original's layout, served by nemo.aliases
        "text_classification",  # of the original's layout, served by nemo.aliases
        "text_lines",
        "token_classification",  # of the original's layout, served by nemo.aliases
    ],
)

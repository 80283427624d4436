"""From a model's scores to what users read: answers."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "answer_spans": ["AnswerSearch", "QuestionAnswers", "ScoredAnswer"],
    },
    submodules=[
        "answer_spans",
    ],
)

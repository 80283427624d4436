"""Text models: what is trained, saved and restored."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "intent_slot": ["IntentSlotClassificationModel"],
        "dual_encoder": ["BertDPRModel", "BertJointIRModel"],
        "entity_linker": ["EntityLinkingModel"],
        "masked_lm": ["BERTLMModel"],
        "multi_label_intent_slot": ["MultiLabelIntentSlotClassificationModel"],
        "glue": ["GLUEModel"],
        "nlp_model": ["NLPModel"],
        "qa": ["BERTQAModel", "QAModel"],
        "text_classifier": ["TextClassificationModel"],
        "punctuation_capitalization": ["PunctuationCapitalizationModel"],
        "punctuation_capitalization_audio": ["PunctuationCapitalizationLexicalAudioModel"],
        "token_classifier": ["TokenClassificationModel"],
        "transformer_lm": ["TransformerLMModel"],
        "translation": ["MTEncDecModel"],
        "zero_shot_intent": ["ZeroShotIntentModel"],
    },
    submodules=[
        "encoder_config",
        "glue",
        "glue_benchmark",  # of the original's layout, served by nemo.aliases
        "machine_translation",  # of the original's layout, served by nemo.aliases
        "nlp_model",
        "punctuation_capitalization",
        "text_classification",  # of the original's layout, served by nemo.aliases
        "text_classifier",
        "token_classification",  # of the original's layout, served by nemo.aliases
        "token_classifier",
    ],
    absent={
        "DuplexDecoderModel": "Texts are not normalized here; use a normalizer with written rules.",
        "DuplexTaggerModel": "Texts are not normalized here; use a normalizer with written rules.",
        "DuplexTextNormalizationModel": "Texts are not normalized here; use a normalizer with written rules.",
        "MTBottleneckModel": "Encoders with a bottleneck are not in this release; MTEncDecModel sees all states.",
        "MegatronGPTPromptLearningModel": "For language models of moderate size there is TransformerLMModel.",
        "SpellcheckingAsrCustomizationModel": "To favour phrases, give them to a speech model's beam search.",
        "Text2SparqlModel": "For other translation between sequences there is MTEncDecModel.",
        "ThutmoseTaggerModel": "For tags of words there is TokenClassificationModel.",
    },
)

"""Attention encoder-decoders small enough for tests: one of prompts and two languages, one of a plain tokenizer."""

import json

import sentencepiece

from nemo.collections.common.tokenizers.canary_tokenizer import CanaryTokenizer
from tests.collections.asr.models import tiny

TRANSFORMER = "nemo.collections.asr.modules.transformer"
WIDTH = 24
DECODER = {
    "max_sequence_length": 64, "num_token_types": 0, "hidden_size": WIDTH, "inner_size": 32, "num_layers": 1,
    "num_attention_heads": 2, "hidden_act": "relu", "pre_ln": True,
}  # fmt: skip


def canary_tokenizers(folder):
    """A `tokenizer` section with English, German and control tokens."""
    CanaryTokenizer.build_special_tokenizer(folder / "spl")
    languages = {"spl_tokens": {"dir": str(folder / "spl"), "type": "bpe"}}
    for language, text in (("en", "a b c ab bc ca abc cab"), ("de", "d e f de ef fd def fed")):
        languages[language] = {"dir": tiny.tokenizer_folder(folder / language, text=text), "type": "bpe"}
    target = "nemo.collections.common.tokenizers.canary_tokenizer.CanaryTokenizer"
    return {"type": "agg", "dir": None, "langs": languages, "custom_tokenizer": {"_target_": target}}


def canary(folder, **more):
    """The config of a model like Canary, as published ones are written."""
    common = tiny.config()
    return {
        "sample_rate": tiny.SAMPLE_RATE,
        "nemo_version": "3.0.0",  # before 2.5 the edge of a recording mirrors its padding
        "prompt_format": "canary",
        "tokenizer": canary_tokenizers(folder),
        "model_defaults": {"asr_enc_hidden": WIDTH, "lm_enc_hidden": WIDTH, "lm_dec_hidden": WIDTH},
        "preprocessor": {**common["preprocessor"], "dither": 0.0, "pad_to": 0},
        "encoder": common["encoder"],
        "transf_encoder": {
            "_target_": f"{TRANSFORMER}.transformer_encoders.TransformerEncoder",
            "num_layers": 0, "hidden_size": WIDTH, "inner_size": 32, "num_attention_heads": 2, "pre_ln": True,
        },
        "transf_decoder": {
            "_target_": f"{TRANSFORMER}.get_nemo_transformer",
            "model_name": None, "pretrained": False, "encoder": None, "pre_ln_final_layer_norm": True,
            "config_dict": {**DECODER, "vocab_size": None},
        },
        "head": {
            "_target_": "nemo.collections.asr.parts.submodules.token_classifier.TokenClassifier",
            "num_layers": 1, "activation": "relu", "log_softmax": True, "hidden_size": WIDTH, "num_classes": None,
            "dropout": 0.0, "use_transformer_init": True,
        },
        "loss": {
            "_target_": "nemo.collections.common.losses.smoothed_cross_entropy.SmoothedCrossEntropyLoss",
            "label_smoothing": 0.0, "pad_id": None,
        },
        "decoding": {"strategy": "beam", "beam": {"beam_size": 2, "len_pen": 0.0, "max_generation_delta": 5}},
        "optim": {"name": "adamw", "lr": 0.01, "weight_decay": 0.0},
        **more,
    }  # fmt: skip


LINES = (
    {"text": "a b ab", "source_lang": "en", "target_lang": "en", "taskname": "asr", "pnc": "yes"},
    {"text": "def fed", "source_lang": "en", "target_lang": "de", "taskname": "ast", "pnc": "no"},
    {"text": "ca", "source_lang": "en", "target_lang": "en", "taskname": "asr", "pnc": "no"},
    {"text": "", "source_lang": "en", "target_lang": "en", "taskname": "asr", "pnc": "yes"},
)


def recordings(folder, lines=LINES):
    """Writes a tone for each line, and a manifest of the lines; returns its path."""
    seconds = (0.5, 0.9, 0.3, 0.4)[: len(lines)]
    paths, manifest = tiny.recordings(folder, seconds, [line.get("text", "") for line in lines])
    with open(manifest, "w", encoding="utf-8") as file:
        for path, duration, line in zip(paths, seconds, lines, strict=True):
            file.write(json.dumps({"audio_filepath": path, "duration": duration, **line}) + "\n")
    return manifest


def plain_tokenizer(folder):
    """A SentencePiece tokenizer with pieces that begin, end and fill up a text; returns its folder."""
    folder.mkdir(parents=True)
    corpus = folder / "text.txt"
    corpus.write_text("a b c ab bc ca abc cab\n" * 20)
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(folder / "tokenizer"), vocab_size=15, model_type="bpe", unk_id=0, bos_id=1,
        eos_id=2, pad_id=3, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    (folder / "vocab.txt").write_text("")
    return str(folder)


def plain(folder, **more):
    """The config of an `EncDecTransfModelBPE`."""
    common = tiny.config()
    return {
        "sample_rate": tiny.SAMPLE_RATE,
        "nemo_version": "3.0.0",
        "tokenizer": {"dir": plain_tokenizer(folder), "type": "bpe"},
        "preprocessor": {**common["preprocessor"], "dither": 0.0, "pad_to": 0},
        "encoder": common["encoder"],
        "transf_encoder": {
            "num_layers": 1, "hidden_size": 16, "inner_size": 32, "num_attention_heads": 2, "pre_ln": True,
        },
        "transf_decoder": {"library": "nemo", "model_name": None, "pretrained": False, **DECODER, "hidden_size": 16},
        "head": {"num_layers": 1, "activation": "relu", "log_softmax": True, "dropout": 0.0},
        "beam_search": {"beam_size": 2, "len_pen": 0.0, "max_generation_delta": 5},
        "optim": {"name": "adamw", "lr": 0.01, "weight_decay": 0.0},
        **more,
    }  # fmt: skip

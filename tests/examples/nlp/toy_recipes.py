"""Recipes of examples/nlp at toy size: how they are read, and a tiny encoder with a vocabulary of words."""

from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from tests.collections.nlp import toy_translation as parallel

EXAMPLES = Path(__file__).parents[3] / "examples" / "nlp"
NAMES = sorted(str(path.relative_to(EXAMPLES).with_suffix("")) for path in EXAMPLES.rglob("*.yaml"))
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "the a red green blue cat dog bird runs sleeps sings in house garden tree what where is it ? . ,".split()
ENCODER = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
    "max_position_embeddings": 64, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
SET_SECTIONS = ("train_ds", "validation_ds", "test_ds")


def read(recipe):
    """The recipe as a script gets it."""
    path = EXAMPLES / f"{recipe}.yaml"
    with initialize_config_dir(str(path.parent), version_base="1.3"):
        cfg = compose(path.stem)
    OmegaConf.set_struct(cfg, False)
    return cfg


def write_lines(path, lines):
    """Writes a file with these lines; returns its path as a string."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def shrink_encoder(model, folder, words=WORDS):
    """Gives a `model` section a tokenizer of whole words and an encoder of a few weights."""
    vocabulary = list(dict.fromkeys([*SPECIAL, *words]))
    model.tokenizer.vocab_file = write_lines(folder / "vocab.txt", vocabulary)
    model.tokenizer.tokenizer_name = "bert-base-uncased"
    model.language_model.pretrained_model_name = "bert-base-uncased"
    model.language_model.config_file = None
    model.language_model.config = {"vocab_size": len(vocabulary), **ENCODER}


def set_keys(model, **keys):
    """Sets keys of all three data sections that have them or are to have them."""
    for name in SET_SECTIONS:
        if model.get(name) is not None:
            model[name].update(keys)


# ------------------------------------------------------------------------------------------------- text classification

TEXTS = ["the red cat runs", "a blue bird sings .", "the dog sleeps in the garden"]


def text_classification(cfg, folder):
    """Three texts of three classes; returns the texts."""
    shrink_encoder(cfg.model, folder)
    path = write_lines(folder / "texts.tsv", [f"{text}\t{number}" for number, text in enumerate(TEXTS)])
    set_keys(cfg.model, file_path=path, batch_size=4, num_workers=0, shuffle=False)
    cfg.model.dataset.update(num_classes=3, max_seq_length=32)
    cfg.model.classifier_head.fc_dropout = 0.0
    return TEXTS


# ---------------------------------------------------------------------------------------------------------------- GLUE


def glue(cfg, folder):
    """Pairs of MRPC; returns texts."""
    shrink_encoder(cfg.model, folder)
    rows = [f"{number % 2}\t0\t0\t{text}\t{TEXTS[0]}" for number, text in enumerate(TEXTS)]
    for name in ("train.tsv", "dev.tsv"):
        write_lines(folder / name, ["Quality\t#1 ID\t#2 ID\t#1 String\t#2 String", *rows])
    cfg.model.dataset.update(data_dir=str(folder), max_seq_length=32, num_workers=0)
    return TEXTS


# ------------------------------------------------------------------------------------------------------ labels of words


def tagged(folder, kind):
    """text_X.txt and labels_X.txt of three sentences, X train and dev; returns the sentences."""
    texts = ["the red cat runs", "a blue bird sings", "the dog sleeps in the garden"]
    labels = {
        "entities": ["O O B-PET O", "O O B-PET O", "O B-PET O O B-LOC I-LOC"],
        "marks": ["OU OO OO .O", "OU ,O OO .O", "OU OU OO OO OO ?U"],
    }[kind]
    for name in ("train", "dev"):
        write_lines(folder / f"text_{name}.txt", texts)
        write_lines(folder / f"labels_{name}.txt", labels)
    return texts


def token_classification(cfg, folder):
    """Three sentences with entities; returns them."""
    shrink_encoder(cfg.model, folder)
    texts = tagged(folder, "entities")
    cfg.model.test_ds = None
    cfg.model.dataset.update(data_dir=str(folder), num_workers=0)
    set_keys(cfg.model, batch_size=4, shuffle=False)
    cfg.model.head.fc_dropout = 0.0
    return texts


def punctuation(cfg, folder):
    """Three sentences with marks and capitals; returns them."""
    shrink_encoder(cfg.model, folder)
    texts = tagged(folder, "marks")
    set_keys(cfg.model, ds_item=str(folder), num_workers=0, persistent_workers=False)
    cfg.model.punct_head.fc_dropout = cfg.model.capit_head.fc_dropout = 0.0
    return texts


# --------------------------------------------------------------------------------------------------------- translation


def translation(cfg, folder):
    """Numbers in two languages; returns those of the first."""
    files = parallel.write_pairs(folder, count=12)
    names = {"src_file_name": files[0], "tgt_file_name": files[1], "num_workers": 0}
    set_keys(cfg.model, **names, tokens_in_batch=1000)
    cfg.model.train_ds.prepare = True
    for side in ("encoder", "decoder"):
        cfg.model[f"{side}_tokenizer"].update(parallel.tokenizer_section())
        cfg.model[side].update({**parallel.SECTION, **parallel.NO_DROPOUT})
    return [source for source, _ in parallel.pairs(5)]


def translation_finetune(cfg, folder):
    """The same with a recipe that leaves to a trained model what it does not say."""
    given = OmegaConf.to_container(cfg.model, resolve=True)
    cfg.model = OmegaConf.create(
        {**parallel.config(), **{key: each for key, each in given.items() if each is not None}}
    )
    return translation(cfg, folder)

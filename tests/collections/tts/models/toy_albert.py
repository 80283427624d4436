"""An ALBERT of a few numbers, as the package transformers saves one."""

import torch

PIECES = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "▁", "▁a", "▁ab", "a", "b", "c", "d"]


def write_albert(folder):
    """Writes it to a folder, whose path is returned."""
    from transformers import AlbertConfig, AlbertModel, AlbertTokenizer

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        AlbertModel(AlbertConfig(vocab_size=len(PIECES), embedding_size=6, **sizes)).save_pretrained(folder)
    AlbertTokenizer(vocab=[(piece, -float(len(piece) < 2)) for piece in PIECES]).save_pretrained(folder)
    return str(folder)

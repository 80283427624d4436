r"""Puts punctuation and capitals into the lines of a text, or into `pred_text` of the entries of a manifest.

    python punctuate_capitalize_infer.py --model_path punctuation.nemo --input_text words.txt --output_text out.txt
    python punctuate_capitalize_infer.py --model_path punctuation.nemo --input_manifest a.json --output_manifest b.json

Texts of any length: they are read through windows of --max_seq_length pieces, one every --step; words within --margin
pieces of a window's edge are decided by its neighbours.
"""

import argparse
from pathlib import Path

from nemo.collections.common.data.manifest import read_manifest_objects, write_manifest
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.collections.nlp.models import PunctuationCapitalizationModel
from nemo.utils.atomic import atomic_write


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--input_text", "-t", help="text file, a text a line")
    source.add_argument("--input_manifest", "-m", help="manifest with a text in each entry")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--output_text", "-T", help="text file to write")
    target.add_argument("--output_manifest", "-M", help="manifest to write; needs --input_manifest")
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--pretrained_name", "-p", help="name of a published model")
    model.add_argument("--model_path", "-P", help="a .nemo file")
    parser.add_argument("--manifest_text_key", default="pred_text", help="key of the text; text where it is missing")
    parser.add_argument("--max_seq_length", "-L", type=int, default=64, help="pieces of a window")
    parser.add_argument("--step", "-s", type=int, default=8, help="pieces between the beginnings of two windows")
    parser.add_argument("--margin", "-g", type=int, default=16, help="pieces at the edges that do not count")
    parser.add_argument("--batch_size", "-b", type=int, default=128, help="windows computed together")
    parser.add_argument("--save_labels_instead_of_text", "-B", action="store_true", help="write labels: OU ,O .U")
    parser.add_argument("--device", "-d", default=None, help="cpu, cuda, cuda:1; default: a GPU if there is one")
    args = parser.parse_args()
    if args.output_manifest and not args.input_manifest:
        parser.error("--output_manifest needs --input_manifest")
    return args


def main() -> None:
    """Reads, computes, writes."""
    args = arguments()
    if args.model_path:
        model = PunctuationCapitalizationModel.restore_from(args.model_path, map_location=args.device)
    else:
        model = PunctuationCapitalizationModel.from_pretrained(args.pretrained_name, map_location=args.device)
    key = args.manifest_text_key
    if args.input_text:
        entries: list[dict[str, str]] = []
        texts = [line.text for line in read_lines(args.input_text)]
    else:
        entries = read_manifest_objects(args.input_manifest)
        texts = [entry[key] if key in entry else entry["text"] for entry in entries]
    results = model.add_punctuation_capitalization(
        texts,
        batch_size=args.batch_size,
        max_seq_length=args.max_seq_length,
        step=args.step,
        margin=args.margin,
        return_labels=args.save_labels_instead_of_text,
    )
    if args.output_manifest:
        used = [key if key in entry else "text" for entry in entries]
        write_manifest(
            args.output_manifest,
            [{**entry, name: result} for entry, name, result in zip(entries, used, results, strict=True)],
        )
        return
    with atomic_write(Path(args.output_text)) as temporary:
        temporary.write_text("".join(f"{result}\n" for result in results), encoding="utf-8")


if __name__ == "__main__":
    main()

r"""Makes the lower-case words and the labels of punctuation and capitalization from written text, a sentence a line.

    python prepare_data_for_punctuation_capitalization.py --source_file=train.txt --output_dir=data

Writes data/text_train.txt and data/labels_train.txt. The file may not lie in the output folder under a name that is
written.
"""

from __future__ import annotations

import argparse

from nemo.collections.nlp.data.plain_words import create_text_and_labels


def main() -> None:
    """Reads the arguments, and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-s", "--source_file", required=True, help="written text, a sentence a line")
    parser.add_argument("-o", "--output_dir", required=True, help="folder for the two files")
    parser.add_argument("-p", "--marks", default=",.?", help="punctuation that becomes labels")
    options = parser.parse_args()
    create_text_and_labels(options.output_dir, options.source_file, options.marks)


if __name__ == "__main__":
    main()

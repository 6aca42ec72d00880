#!/usr/bin/python3
"""Computes the worked examples of docs/FORMAT.md, "Receipt", from the document alone, with another library than the
program. --check compares them with what the document prints."""

import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TAG = b"shoalcast/receipt/v1"


def receipt(topics, oldest):
    key = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    statement = b"\1" + b"\3" * 32 + key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    statement += (0).to_bytes(4, "big") + (5).to_bytes(8, "big") + b"\7" * 32
    for time in (1700000001000, 1700000000000, oldest):
        statement += time.to_bytes(8, "big", signed=True)
    statement += len(topics).to_bytes(2, "big")
    for topic in topics:
        statement += len(topic).to_bytes(1, "big") + topic.encode()
    return statement + key.sign(TAG + statement)


def main():
    examples = [receipt([], -1), receipt(["eu", "us"], 1699999000000)]
    for example in examples:
        print(example.hex())
    if "--check" in sys.argv:
        document = pathlib.Path(__file__).resolve().parents[2] / "docs" / "FORMAT.md"
        text = "".join(document.read_text().split())
        for example in examples:
            if example.hex() not in text:
                sys.exit("docs/FORMAT.md does not have this receipt")


if __name__ == "__main__":
    main()

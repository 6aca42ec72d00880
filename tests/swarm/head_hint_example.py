#!/usr/bin/python3
"""Computes the worked example of docs/PROTOCOL.md, "Head hint", from the document alone, with other libraries."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def keyed(key, message):
    return hashlib.blake2b(message, key=key, digest_size=32).digest()


def main():
    owner = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
    feed = owner.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    size, time, root, topics = 12, 1700000000000, b"\x11" * 32, b"\x22" * 32
    note = "shoalcast/feed/%s\n%d\n%s\ntime %d\ntopics 1 %s\n" % (
        feed.hex(), size, base64.b64encode(root).decode(), time, base64.b64encode(topics).decode())
    head = (b"\1" + bytes(4) + size.to_bytes(8, "big") + root + time.to_bytes(8, "big") + (1).to_bytes(4, "big") +
            topics + owner.sign(note.encode()))
    item_key = Ed25519PrivateKey.from_private_bytes(keyed(feed, b"shoalcast/bep44/v1"))
    salt = keyed(feed, b"shoalcast/hint-salt/v1" + head)[:16]
    sealed = ChaCha20Poly1305(keyed(feed, b"shoalcast/hint-seal/v1" + salt)).encrypt(bytes(12), head, None)
    value = b"\1" + salt + sealed
    print("feed id ", feed.hex())
    print("item key", item_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex())
    print("value   ", value.hex())


if __name__ == "__main__":
    main()

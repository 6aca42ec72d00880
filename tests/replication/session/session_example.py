#!/usr/bin/python3
"""Computes the worked example of docs/PROTOCOL.md from the document alone, with other libraries than the program."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def main():
    dialler = X25519PrivateKey.from_private_bytes(b"\1" * 32)
    listener = X25519PrivateKey.from_private_bytes(b"\2" * 32)
    raw = [key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for key in (dialler, listener)]
    hello = b"\3" + bytes(4) + b"\1\2" + raw[0]
    transcript = hashlib.sha256(b"shoalcast/session/v1" + raw[0] + raw[1]).digest()
    shared = dialler.exchange(X25519PublicKey.from_public_bytes(raw[1]))
    key = hashlib.blake2b(transcript + b"\1", key=shared, digest_size=32).digest()
    capability = hashlib.blake2b(b"cap" + b"\1" + (1).to_bytes(4, "big") + transcript, key=b"\3" * 32, digest_size=32)
    record = ChaCha20Poly1305(key).encrypt(bytes(12), b"shoal", None)
    print("hello     ", hello.hex())
    print("transcript", transcript.hex())
    print("capability", capability.hexdigest())
    print("record    ", record.hex())


if __name__ == "__main__":
    main()

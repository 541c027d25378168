"""Hashing many values gives what hashing each gives."""

import os

from core.keys import parse


def test_the_hashes_of_many_are_those_of_each():
    keys = parse("BLIND_INDEX_KEYS", "a:" + "QUJD" * 10 + "QUI=,b:" + "REVG" * 10 + "REU=")
    texts = [os.urandom(length) for length in (0, 1, 55, 56, 63, 64, 65, 300)]
    for key in keys.keys:
        assert keys.macs(texts, key) == [keys.mac(text, key) for text in texts]

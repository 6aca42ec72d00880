#!/usr/bin/python3
"""Verifies a fork proof; written from docs/FORMAT.md alone, as a second implementation of the format.

Usage: verify_fork.py FILE [FEED]      prints what was proven as JSON; exit code 1 and a reason when something is not.
"""
import base64
import json
import sys

from cryptography.exceptions import InvalidSignature

from verify_feed import MAX_TREE, Reader, Unverified, check, cover, edge_root, fold, parse_note, sha256


def parse_head(feed, compact):
    """A compact head, through the note that is rebuilt from it; its fields when the feed's key signed them."""
    data = Reader(compact)
    version, epoch, size, root, time, count, topics = data.numbers("BIQ32sqI32s")
    check(version == 1, "head: version")
    origin = f"shoalcast/feed/{feed.hex()}" + (f"/{epoch}" if epoch else "")
    b64 = [base64.b64encode(part).decode() for part in (root, topics)]
    text = f"{origin}\n{size}\n{b64[0]}\ntime {time}\ntopics {count} {b64[1]}\n"
    key_id = sha256(origin.encode(), b"\n\1", feed)[:4]
    signature = base64.b64encode(key_id + data.take(64)).decode()
    data.end()
    return parse_note(f"{text}\n\u2014 {origin} {signature}\n".encode())


def counted_levels(data, begin, end, what):
    """A count that must be the one of cover(begin, end), and that number of hashes with their levels."""
    levels = list(cover(begin, end))
    check(data.numbers("B") == len(levels), what + ": count")
    return list(zip(levels, data.hashes(len(levels))))


def verify(proof, feed=None):
    """What a fork proof proves; Unverified when it proves none."""
    try:
        check(len(proof) <= 4096, "too long")
        data = Reader(proof)
        check(data.numbers("B") == 1, "version")
        owner = data.take(32)
        check(feed in (None, owner.hex()), "another feed")
        shorter, longer = (parse_head(owner, data.take(153)) for _ in range(2))
        small, large = shorter["tree_size"], longer["tree_size"]
        check(shorter["epoch"] == longer["epoch"] and small <= large < MAX_TREE, "epochs or order")
        equal = small == large
        edge = counted_levels(data, 0, 0 if equal else small, "edge")
        rest = counted_levels(data, small, large, "cover")
        data.end()
        if equal:
            same = all(shorter[name] == longer[name] for name in ("root", "topic_count", "topic_root"))
            check(not same, "the heads agree")
        else:
            check(edge_root(edge) != shorter["root"], "the shorter head is a prefix")
            for level, subtree in rest:
                fold(edge, level, subtree)
            check(edge_root(edge) == longer["root"], "the hashes do not lead to the longer head")
        same_tree = equal and shorter["root"] == longer["root"]
        return {"feed": owner.hex(), "epoch": shorter["epoch"], "shorter": small, "longer": large,
                "common_prefix_limit": small if same_tree or not small else small - 1}
    except InvalidSignature:
        raise Unverified("head: bad signature") from None
    except (ValueError, TypeError) as error:
        raise Unverified(f"malformed: {error}") from None


if __name__ == "__main__":
    try:
        with open(sys.argv[1], "rb") as file:
            print(json.dumps(verify(file.read(), *sys.argv[2:])))
    except Unverified as reason:
        sys.exit(f"not verified: {reason}")

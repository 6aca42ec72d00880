"""A disk that loses power: which files it holds after it, given the operations before it and an order of writing.

Three orders. `order`: everything done is there, the last write perhaps in part. `ext4`: names change in the order of
the operations, and a sync of a file that was created or grew makes all changes of names before it durable; a file has
grown only when what it grew by is written; pages overwritten since the last sync of a file are there or not. `any`: as
`ext4`, but a sync of a file vouches for its own name alone, each sector of 512 bytes is there or not, and a file may
have grown before its bytes are there. After a failed sync what it should have written is taken for written by the
kernel: a later sync does not write it.
"""

import os

from recording import (ALLOCATE, CREATE, DATASYNC, LINK, MKDIR, RENAME, RMDIR, SYNC, TRUNCATE, UNLINK, WRITE)

ORDERS = ("order", "ext4", "any")
GRAIN = {"order": 512, "ext4": 4096, "any": 512}


class File:
    def __init__(self, made_at):
        self.durable = bytearray()
        self.pending = []  # (offset, bytes), or (size, None), since the last sync
        self.made_at = made_at  # how many changes of names there were with its creation
        self.size = 0
        self.grew = True

    def add(self, offset, data):
        self.pending.append((offset, data))
        size = offset if data is None else max(self.size, offset + len(data))
        self.grew = self.grew or size != self.size
        self.size = size

    def flush(self):
        for offset, data in self.pending:
            put(self.durable, offset, data)
        self.pending = []

    def after(self, chance, order, survival):
        """Its bytes after the power cut."""
        if order == "order":
            found = bytearray(self.durable)
            for offset, data in self.pending:
                put(found, offset, data)
            return found
        grain = GRAIN[order]
        reached = len(self.pending)
        if chance.random() >= survival:
            reached = chance.randint(0, reached)
        size = len(self.durable)
        for offset, data in self.pending[:reached]:
            size = offset if data is None else max(size, offset + len(data))
        found = bytearray(self.durable[:size])
        found.extend(bytes(size - len(found)))
        pieces = {}  # number of a page or sector to what was written to it
        for offset, data in self.pending:
            if data is None:
                continue
            for piece in range(offset // grain, (offset + len(data) - 1) // grain + 1):
                pieces.setdefault(piece, []).append((offset, data))
        for piece, writes in pieces.items():
            begin, end = piece * grain, min((piece + 1) * grain, size)
            new = order == "ext4" and end > len(self.durable)
            there = len(writes) if new or chance.random() < survival else chance.randint(0, len(writes))
            for offset, data in writes[:there]:
                low, high = max(begin, offset), min(end, offset + len(data))
                if low < high:
                    found[low:high] = data[low - offset:high - offset]
        return found


def put(bytes_, offset, data):
    if data is None:
        del bytes_[offset:]
        bytes_.extend(bytes(offset - len(bytes_)))
        return
    if len(bytes_) < offset:
        bytes_.extend(bytes(offset - len(bytes_)))
    bytes_[offset:offset + len(data)] = data


class Disk:
    """Follows a recording; image() at any point of it."""

    def __init__(self, operations, chance):
        self._operations = operations
        self._chance = chance
        self._next = 0
        self._files = {}  # inode to File, as it is now
        self._names = []  # (kind, name, other name, File) in order
        self._forced = {order: 0 for order in ORDERS}

    def advance(self, index):
        """The operations before `index` are done; indexes only grow."""
        for one in self._operations[self._next:index]:
            self._do(one)
        self._next = max(self._next, index)

    def _do(self, one):
        if one.kind == CREATE:
            self._files[one.inode] = File(len(self._names) + 1)
            self._names.append((CREATE, one.name, "", self._files[one.inode]))
        elif one.kind in (RENAME, LINK, UNLINK, MKDIR, RMDIR):
            self._names.append((one.kind, one.name, one.other, None))
        elif one.kind in (SYNC, DATASYNC):
            self._sync(one)
        elif one.inode in self._files and one.error == 0:
            file = self._files[one.inode]
            if one.kind == WRITE:
                file.add(one.offset, one.data)
            elif one.kind == TRUNCATE or (one.kind == ALLOCATE and one.offset > file.size):
                file.add(one.offset, None)

    def _sync(self, one):
        file = self._files.get(one.inode)
        if one.error != 0:
            if file is not None:
                survival = self._chance.choice([0, 0.5])
                file.durable = file.after(self._chance, "any", survival) if survival else file.durable
                file.pending = []
            return
        if file is None:  # a directory
            self._forced = {order: len(self._names) for order in ORDERS}
            return
        if one.kind == SYNC or file.grew:
            self._forced["order"] = self._forced["ext4"] = len(self._names)
            self._forced["any"] = max(self._forced["any"], file.made_at)
        file.flush()
        file.grew = False

    def image(self, chance, order):
        """What is there after a power cut now: names of directories, and name to bytes."""
        survival = chance.choice([0, 0.3, 0.7, 1])
        reached = len(self._names)
        if order != "order" and chance.random() >= survival:
            reached = chance.randint(self._forced[order], reached)
        directories, files = set(), {}
        for kind, name, other, file in self._names[:reached]:
            if kind == CREATE:
                files[name] = file
            elif kind == MKDIR:
                directories.add(name)
            elif kind == RMDIR:
                directories.discard(name)
            elif kind == UNLINK:
                files.pop(name, None)
            elif kind == LINK and name in files:
                files[other] = files[name]
            elif kind == RENAME and name in files:
                files[other] = files.pop(name)
            elif kind == RENAME and name in directories:
                directories = {moved(one, name, other) for one in directories}
                files = {moved(one, name, other): file for one, file in files.items()}
        contents = {}
        flying = self._operations[self._next] if self._next < len(self._operations) else None
        for name, file in files.items():
            kept = list(file.pending), file.size, file.grew
            if flying is not None and flying.kind == WRITE and self._files.get(flying.inode) is file and chance.random() < 0.5:
                part = chance.randint(0, len(flying.data) // 512) * 512 if order == "order" else len(flying.data)
                file.add(flying.offset, flying.data[:part])
            contents[name] = file.after(chance, order, survival)
            file.pending, file.size, file.grew = kept
        return directories, contents


def moved(name, old, new):
    if name == old:
        return new
    return new + name[len(old):] if name.startswith(old + "/") else name


def write_image(root, image):
    directories, contents = image
    os.makedirs(root, mode=0o700, exist_ok=True)
    for name in sorted(directories):
        os.makedirs(os.path.join(root, name), mode=0o700, exist_ok=True)
    for name, data in contents.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o600)

"""What file_operations.c wrote: the operations of one or more processes on one directory, in their order."""

import struct

CREATE, WRITE, SYNC, DATASYNC, RENAME, LINK, UNLINK, TRUNCATE, MKDIR, RMDIR, ALLOCATE, OUTPUT, HINT, START = range(1, 15)
ENTRY = struct.Struct("<IIqQQiIIIQ")
MAGIC = 0x544C4146


class Operation:
    __slots__ = ("kind", "time", "inode", "offset", "error", "process", "name", "other", "data")

    def __repr__(self):
        return "%d %s %s at %d, %d bytes, error %d" % (self.kind, self.name, self.other, self.offset, len(self.data),
                                                       self.error)


def read_recording(path):
    with open(path, "rb") as file:
        text = memoryview(file.read())
    operations, at = [], 0
    while at + ENTRY.size <= len(text):
        one = Operation()
        (magic, one.kind, one.time, one.inode, one.offset, one.error, one.process, name, other,
         size) = ENTRY.unpack_from(text, at)
        assert magic == MAGIC, "a damaged recording"
        at += ENTRY.size
        one.name = bytes(text[at:at + name]).decode()
        one.other = bytes(text[at + name:at + name + other]).decode()
        at += name + other
        one.data = text[at:at + size]
        at += size
        if at <= len(text):  # else its process was killed amid the entry
            operations.append(one)
    return operations


def outputs(operations):
    """(index of the operation, time, what the process had said up to it) for each piece of stdout, by process."""
    said, out = {}, []
    for index, one in enumerate(operations):
        if one.kind == OUTPUT:
            said[one.process] = said.get(one.process, b"") + bytes(one.data)
            out.append((index, one.time, one.process, said[one.process]))
    return out

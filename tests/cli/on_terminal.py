#!/usr/bin/python3
"""Runs a command with stderr on a terminal of 100 columns. What came there is written to the file named first; stdout and
the exit code are passed on."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading

LIMIT_S = 60


def main():
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    written = bytearray()

    def collect():
        try:
            while chunk := os.read(ours, 65536):
                written.extend(chunk)
        except OSError:  # the other end is closed
            pass

    with subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        reader = threading.Thread(target=collect)
        reader.start()
        code = process.wait(timeout=LIMIT_S)
        reader.join()
    with open(sys.argv[1], "wb") as file:
        file.write(written)
    return code


if __name__ == "__main__":
    sys.exit(main())

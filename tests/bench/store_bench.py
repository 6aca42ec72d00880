#!/usr/bin/python3
"""store_bench.py SHOAL [--commands N] [--blocks N] [--megabytes N] [PART...]: what a store costs as it grows.

commands   a command that publishes one record, N times: files, and how long the directory takes to open
blocks     a feed of N blocks: how long it takes to open after kill -9, after the opening that repaired it, after a clean end
budget     a mirror with --max-size 200M beside a publisher that writes N MB as fast as it can: the most that du shows

An opening is `shoal info FEED --offline`, the whole process, the median of nine; `shoal version` is its floor.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import threading
import time

ALONE = ["--listen", "127.0.0.1:0", "--no-dht", "--no-lsd", "--network", "private"]
MIB = 1 << 20


def disk_usage(path):
    """What `du` says, in bytes: a file with two names is counted once."""
    sizes = {}
    for place, _, names in os.walk(path):
        for name in names:
            try:
                about = os.lstat(os.path.join(place, name))
                sizes[about.st_ino] = about.st_blocks * 512
            except FileNotFoundError:
                pass
    return sum(sizes.values())


class Bench:
    def __init__(self, shoal):
        self.shoal = shoal
        self.root = tempfile.mkdtemp(prefix="shoal-store-")

    def path(self, name):
        return os.path.join(self.root, name)

    def run(self, *words, stdin=None):
        done = subprocess.run([self.shoal, *words], input=stdin, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (" ".join(words), done.stderr.decode()))
        return done.stdout

    def median_ms(self, *words):
        times = []
        for _ in range(9):
            begin = time.monotonic()
            self.run(*words)
            times.append((time.monotonic() - begin) * 1000)
        return statistics.median(times)

    def opening_ms(self, data):
        return self.median_ms("info", "feed", "--offline", "--data", data)

    def start(self, *words, **pipes):
        return subprocess.Popen([self.shoal, *words], stderr=subprocess.PIPE, text=True, bufsize=1, **pipes)

    @staticmethod
    def wait_for(process, pattern):
        for line in process.stderr:
            match = re.search(pattern, line)
            if match:
                threading.Thread(target=process.stderr.read, daemon=True).start()
                return match
        raise RuntimeError("the process ended without " + pattern)

    def commands(self, options):
        data, done = self.path("commands"), 0
        for count in sorted({10, 1000, options.commands}):
            while done < count:
                self.run("pub", "feed", "-", "--offline", "--data", data, stdin=b"record %d\n" % done)
                done += 1
            files = sum(len(names) for _, _, names in os.walk(data))
            print("commands %d: %d files, opened in %.1f ms" % (count, files, self.opening_ms(data)), flush=True)

    def blocks(self, options):
        data = self.path("blocks")
        process = self.start("pub", "feed", "-", "-z", "none", "--batch-bytes", "1", "--seed", *ALONE, "--data", data,
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for first in range(0, options.blocks, 1000):
            process.stdin.write("".join("a record of which each has a block, %d\n" % i for i in range(first, first + 1000)))
        process.stdin.close()
        self.wait_for(process, "published")
        process.send_signal(signal.SIGKILL)
        process.wait()
        begin = time.monotonic()
        size = json.loads(self.run("info", "feed", "--json", "--offline", "--data", data))["tree_size"]
        print("blocks %d: opened after kill -9 in %.1f ms, then in %.1f ms" % (
            size, (time.monotonic() - begin) * 1000, self.opening_ms(data)), flush=True)
        self.run("pub", "feed", "-", "--offline", "--data", data, stdin=b"one more\n")
        print("blocks %d: opened after a clean end in %.1f ms" % (size, self.opening_ms(data)), flush=True)

    def budget(self, options):
        seed = self.start("pub", "feed", "-", "-z", "none", *ALONE, "--data", self.path("seed"), stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL)
        address = self.wait_for(seed, r"^listening (\S+)$").group(1)
        feed = self.run("key", "show", "feed", "--data", self.path("seed")).decode().strip()
        mirror = self.start("mirror", feed, "--peer", address, "--max-size", "200M", *ALONE, "--data", self.path("mirror"))
        self.wait_for(mirror, "^listening ")
        lines = "".join(os.urandom(500).hex() + "\n" for _ in range(1000))
        flood = threading.Thread(target=lambda: [seed.stdin.write(lines) for _ in range(options.megabytes)])
        flood.start()
        most, begin = 0, time.monotonic()
        while flood.is_alive():
            most = max(most, disk_usage(self.path("mirror")))
            time.sleep(0.02)
        written = time.monotonic() - begin
        for _ in range(200):
            most = max(most, disk_usage(self.path("mirror")))
            time.sleep(0.05)
        print("budget: %d MB in %.1f s, at most %.1f MB on the disk, %.1f MB ten seconds later" % (
            options.megabytes, written, most / 1e6, disk_usage(self.path("mirror")) / 1e6), flush=True)
        for process in seed, mirror:
            process.terminate()
            process.wait()

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)


def main():
    parts = ["commands", "blocks", "budget"]
    parser = argparse.ArgumentParser()
    parser.add_argument("shoal")
    parser.add_argument("--commands", type=int, default=1000)
    parser.add_argument("--blocks", type=int, default=1_000_000)
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("parts", nargs="*", metavar="PART")
    options = parser.parse_args()
    if not set(options.parts) <= set(parts):
        parser.error("the parts are " + ", ".join(parts))
    bench = Bench(options.shoal)
    try:
        print("floor: `shoal version` in %.1f ms" % bench.median_ms("version"), flush=True)
        for part in options.parts or parts:
            getattr(bench, part)(options)
    finally:
        bench.close()


if __name__ == "__main__":
    main()

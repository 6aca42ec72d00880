"""What the tests of the Python package share. Environment: SHOALCAST_LIBRARY and PYTHONPATH as a user sets them,
SHOAL_BINARY (the command), SHOAL_C_PROGRAM (tests/c/c_program)."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import shoalcast

SHOAL = os.environ["SHOAL_BINARY"]
C_PROGRAM = os.environ["SHOAL_C_PROGRAM"]
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
STRANGER = "5" * 64


def run(*command, text=None, timeout=60):
    """Standard output of a program that must succeed."""
    done = subprocess.run([str(word) for word in command], input=text, stdin=None if text else subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class BindingsTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="shoal-python-"))
        self.addCleanup(shutil.rmtree, self.directory)

    def open_node(self, name="data", **options):
        options.setdefault("offline", True)
        node = shoalcast.Node(self.directory / name, **options)
        self.addCleanup(node.close)
        return node

    def lonely_node(self):
        """A node on the network with nobody to ask: what it wants never comes."""
        return self.open_node("lonely", offline=False, listen=["127.0.0.1:0"], private_network=True, lsd=False)

    @staticmethod
    def publish(feed, values, **options):
        with feed.producer() as producer:
            return [producer.send(value, **options) for value in values]

    @staticmethod
    def values_of(node, feed, topics=(), **options):
        with node.subscribe(feed, topics, until_head=True, **options) as consumer:
            return [record.value.decode() for record in consumer]


def numbered(first, last):
    return [f"value {number}" for number in range(first, last)]

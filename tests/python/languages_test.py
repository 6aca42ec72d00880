"""Published in one language, read in another; and the package as pip installs it."""

import itertools
import json
import os
import selectors
import subprocess
import sys
import time
import unittest

import shoalcast
from bindings_support import C_PROGRAM, SHOAL, SOURCE, BindingsTest, numbered, run


class Languages(BindingsTest):
    def publish_in_python(self, values):
        with self.open_node() as node:
            feed = node.open_feed("quakes", create=True)
            self.publish(feed, values, topic="us")
            return feed.id

    def test_python_to_the_command(self):
        feed = self.publish_in_python(numbered(0, 500))
        read = run(SHOAL, "sub", feed, "-e", "-t", "us", "--data", self.directory / "data", "--offline")
        self.assertEqual(read.splitlines(), numbered(0, 500))

    def test_the_command_to_python(self):
        run(SHOAL, "pub", "quakes", "-t", "us", "--data", self.directory / "data", "--offline",
            text="".join(f"{line}\n" for line in numbered(0, 500)))
        with self.open_node() as node:
            self.assertEqual(self.values_of(node, node.open_feed("quakes")), numbered(0, 500))

    def test_python_to_c(self):
        feed = self.publish_in_python(numbered(0, 500))
        read = run(C_PROGRAM, "read", self.directory / "data", feed)
        self.assertEqual(read.splitlines(), [f"us {n} value {n}" for n in range(500)])

    def test_c_to_python(self):
        feed = run(C_PROGRAM, "publish", self.directory / "data", "quakes", "us",
                   text="".join(f"{line}\n" for line in numbered(0, 500))).strip()
        with self.open_node() as node:
            self.assertEqual(self.values_of(node, feed, ["us"]), numbered(0, 500))
            self.assertEqual(node.open_feed("quakes").id, feed)

    def test_what_is_known_is_the_same_text(self):
        with self.open_node() as node:
            feed = node.open_feed("quakes", create=True)
            self.publish(feed, numbered(0, 5))
            info = node.info(feed)
        printed = run(SHOAL, "info", feed.id, "--json", "--data", self.directory / "data", "--offline")
        self.assertEqual(list(json.loads(printed)), list(info))


class OneDirectory(BindingsTest):
    """Two processes on one data directory: the second one works through the first."""

    def test_the_command_works_through_a_node_in_python(self):
        node = self.open_node()
        feed = node.open_feed("quakes", create=True)
        with node.subscribe(feed) as consumer:
            run(SHOAL, "pub", "quakes", "--offline", "--data", self.directory / "data", text="a\nb\n")
            self.assertEqual([record.value for record in itertools.islice(consumer, 2)], [b"a", b"b"])
        self.publish(feed, ["c"])
        self.assertEqual(run(SHOAL, "sub", "quakes", "-e", "--offline", "--data", self.directory / "data"), "a\nb\nc\n")

    def test_python_works_through_the_node_of_another_process(self):
        data = self.directory / "data"
        holder = subprocess.Popen([SHOAL, "node", "--offline", "--data", data], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(holder.stderr.close)
        self.addCleanup(holder.wait, 30)
        self.addCleanup(holder.terminate)
        while not (data / "node.sock").exists():
            self.assertIsNone(holder.poll(), "the node ended")
            time.sleep(0.01)
        with self.assertRaises(shoalcast.InUse):
            self.open_node(attach=False)
        acked = []
        with self.open_node() as node:
            feed = node.open_feed("quakes", create=True)
            with node.subscribe(feed, cursor="mine") as consumer:
                descriptor = consumer.fileno()
                with feed.producer(on_acked=acked.append) as producer:
                    for value in numbered(0, 100):
                        producer.send(value, key="k", headers={"h": b"\xff"})
                with selectors.DefaultSelector() as selector:
                    selector.register(descriptor, selectors.EVENT_READ)
                    read = []
                    while len(read) < 100:
                        self.assertTrue(selector.select(20.0), "slept over records")
                        while batch := consumer.poll():
                            read += batch
                self.assertEqual([record.value.decode() for record in read], numbered(0, 100))
                self.assertEqual((read[5].key, read[5].headers), (b"k", (("h", b"\xff"),)))
                consumer.commit()
            self.assertEqual([n for run in acked for n in range(run.first, run.last + 1)], list(range(100)))
            self.assertEqual(node.get(feed, 42).value, b"value 42")
            self.assertEqual(node.info(feed)["topics"][0]["high_watermark"], 100)
            self.assertEqual(self.values_of(node, feed, cursor="mine"), [])
        # The directory is still the other one's.
        self.assertIsNone(holder.poll())
        self.assertEqual(run(SHOAL, "sub", feed.id, "-e", "--offline", "--data", data).splitlines(), numbered(0, 100))


class Installed(BindingsTest):
    def test_pip_installs_from_the_tree_without_network(self):
        self.run_installed(SOURCE / "src" / "python")

    def test_pip_installs_the_source_archive(self):
        sys.path.insert(0, str(SOURCE / "src" / "python"))
        self.addCleanup(sys.path.remove, str(SOURCE / "src" / "python"))
        import build_backend

        name = build_backend.build_sdist(self.directory)
        self.run_installed(self.directory / name)

    def run_installed(self, what):
        venv = self.directory / "venv"
        run(sys.executable, "-m", "venv", venv)
        clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SHOALCAST_LIBRARY")}
        # A proxy that is not there: whoever asks the network fails at once.
        clean.update(PIP_NO_INPUT="1", PIP_RETRIES="0", https_proxy="http://127.0.0.1:1",
                     PIP_INDEX_URL="https://[::1]:1/", PIP_DISABLE_PIP_VERSION_CHECK="1")

        def in_venv(*command, **more):
            done = subprocess.run([str(word) for word in command], env={**clean, **more}, capture_output=True,
                                  text=True, timeout=120, cwd=self.directory)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

        in_venv(venv / "bin" / "pip", "install", "--quiet", what)
        program = ("import shoalcast, pathlib; print(shoalcast.version(), shoalcast.__file__);"
                   "print((pathlib.Path(shoalcast.__file__).parent / 'py.typed').exists());"
                   f"node = shoalcast.Node({str(self.directory / 'data')!r}, offline=True);"
                   "feed = node.open_feed('q', create=True); producer = feed.producer(); producer.send('x');"
                   "producer.close(); print(next(node.subscribe(feed)).value)")
        version, typed, value = in_venv(venv / "bin" / "python", "-I", "-c", program,
                                        SHOALCAST_LIBRARY=os.environ["SHOALCAST_LIBRARY"]).splitlines()
        self.assertTrue(version.startswith(f"{shoalcast.version()} {venv}"), version)
        self.assertEqual((typed, value), ("True", "b'x'"))
        # Beside the package it is found, too; and without any it says what to do.
        package = next(venv.glob("lib/*/site-packages/shoalcast"))
        missing = subprocess.run([venv / "bin" / "python", "-I", "-c", "import shoalcast"], env=clean,
                                 capture_output=True, text=True, timeout=60)
        self.assertIn("SHOALCAST_LIBRARY=/path", missing.stderr)
        wrong = subprocess.run(missing.args, capture_output=True, text=True,
                               env={**clean, "SHOALCAST_LIBRARY": "/nowhere.so"}, timeout=60)
        self.assertRegex(wrong.stderr, "ImportError.*nowhere.so.*SHOALCAST_LIBRARY names it")
        (package / "libshoal_c.so.0").symlink_to(os.environ["SHOALCAST_LIBRARY"])
        self.assertEqual(in_venv(venv / "bin" / "python", "-I", "-c",
                                 "import shoalcast; print(shoalcast.version())").strip(), shoalcast.version())

    def test_its_version_is_the_library_s(self):
        text = (SOURCE / "src" / "python" / "pyproject.toml").read_text(encoding="utf-8")
        self.assertIn(f'version = "{shoalcast.version()}"', text)


if __name__ == "__main__":
    unittest.main()

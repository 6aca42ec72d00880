"""The examples of docs/BINDINGS.md, run against an installed tree, as a reader would.

Environment: SHOAL_BUILD (the finished build), CMAKE, CC.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = SOURCE / "apps" / "examples"
PAGE = (SOURCE / "docs" / "BINDINGS.md").read_text(encoding="utf-8")


def example(language):
    """The one example of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    return found


class BindingsPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="shoal-bindings-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        prefix = cls.prefix = cls.directory / "prefix"
        clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SHOALCAST_LIBRARY")}
        subprocess.run([os.environ["CMAKE"], "--install", os.environ["SHOAL_BUILD"], "--prefix", prefix], check=True,
                       stdout=subprocess.DEVNULL, timeout=120)
        library = next(prefix.rglob("libshoal_c.so.0")).parent
        cls.environment = {**clean, "LD_LIBRARY_PATH": str(library), "PKG_CONFIG_PATH": str(library / "pkgconfig"),
                           "CC": os.environ["CC"]}

    def run_here(self, *command):
        done = subprocess.run([str(word) for word in command], cwd=self.directory, env=self.environment,
                              capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_page_shows_the_examples_of_the_tree(self):
        for language, name in (("c", "quakes.c"), ("python", "quakes.py")):
            self.assertEqual(example(language), (EXAMPLES / name).read_text(encoding="utf-8"))

    def test_the_example_in_c(self):
        shutil.copy(EXAMPLES / "quakes.c", self.directory)
        (build,) = re.findall(r"^cc (.*)$", PAGE, re.M)
        self.run_here("sh", "-ec", f"$CC -Wall -Wextra -pedantic -Werror {build}")
        self.check_quakes(self.directory / "quakes", "pkg-config")

    def test_the_example_in_c_with_cmake(self):
        (self.directory / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(quakes LANGUAGES C CXX)\nfind_package(shoal 0.1 REQUIRED)\n"
            f"add_executable(quakes {EXAMPLES}/quakes.c)\ntarget_link_libraries(quakes PRIVATE shoal::shoal_c)\n",
            encoding="utf-8")
        cmake = os.environ["CMAKE"]
        self.run_here(cmake, "-S", ".", "-B", "built", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.run_here(cmake, "--build", "built")
        self.check_quakes(self.directory / "built" / "quakes", "cmake")

    def check_quakes(self, program, directory):
        self.assertEqual(self.run_here(program, self.directory / directory),
                         "us/0:0 M 4.1 Alaska\nus/0:1 M 2.7 Hawaii\n")
        self.assertIn("`us/0:0 M 4.1 Alaska` and `us/0:1 M 2.7 Hawaii`", PAGE)
        # One library is named, and it finds the other one.
        needed = re.findall(r"\(NEEDED\).*\[(.*?)\]", self.run_here("readelf", "-d", program))
        self.assertEqual(needed, ["libshoal_c.so.0", "libc.so.6"])

    def test_the_example_in_python(self):
        packages = self.prefix / "lib" / "python3" / "dist-packages"
        printed = self.run_here(sys.executable, "-B", "-c",
                                f"import sys; sys.path.insert(0, {str(packages)!r}); import runpy, shoalcast;"
                                f"assert shoalcast.__file__.startswith({str(packages)!r});"
                                f"sys.argv[1:] = ['python']; runpy.run_path({str(EXAMPLES / 'quakes.py')!r})")
        self.assertEqual(printed, example("text"))


if __name__ == "__main__":
    unittest.main()

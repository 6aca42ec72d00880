"""What `cmake --install` leaves on a disk: run on the finished build, installed once into a temporary prefix.

Environment: SHOAL_BUILD (the finished build), SHOAL_SOURCE (only to look for its path and for scripts/layers.py), CMAKE,
CXX.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["SHOAL_BUILD"])
SOURCE = pathlib.Path(os.environ["SHOAL_SOURCE"])
CMAKE = os.environ["CMAKE"]
CXX = os.environ["CXX"]
OUTSIDE = pathlib.Path(__file__).resolve().parent / "outside"
LAYERS = SOURCE / "scripts" / "layers.py"
VERSION = "0.1.0"


def run(*command, env=None, cwd=None):
    """Output of a command that must succeed within two minutes."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, cwd=cwd,
                          env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def public_names(headers):
    """Classes and functions that the C++ headers declare in namespace shoal."""
    names = set()
    for header in headers:
        text = re.sub(r"//[^\n]*", "", header.read_text())
        names.update(re.findall(r"^(?:class|struct)\s+(?:\[\[nodiscard\]\]\s+)?(\w+)\s*(?::[^;{]*)?\{", text, re.M))
        names.update(re.findall(r"^(?!using|template|enum|static_assert)[\w\[][^;{}()\n]*?\b(\w+)\([^;]*?\)(?: noexcept)?;", text,
                                re.M))
    return names


def shoal_symbols(nm_output, kinds):
    """The first word after `shoal::` of each demangled symbol of these kinds, as {name: a symbol}; others as they are."""
    found = {}
    for line in nm_output.splitlines():
        match = re.match(r"^[0-9a-f]+ (\w) (.*)$", line)
        if match and match.group(1) in kinds:
            symbol = match.group(2)
            name = re.match(r"shoal::(\w+)(?:::|\(|\[)", symbol)
            found[name.group(1) if name else symbol] = symbol
    return found


class InstalledTree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temp = pathlib.Path(tempfile.mkdtemp(prefix="shoal-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.temp)
        # Installed elsewhere and moved: nothing in it may know where it was put.
        run(CMAKE, "--install", BUILD, "--prefix", cls.temp / "first")
        cls.prefix = cls.temp / "moved"
        (cls.temp / "first").rename(cls.prefix)
        cls.lib = next(cls.prefix.rglob("libshoal.so")).parent
        cls.files = [path for path in sorted(cls.prefix.rglob("*")) if path.is_file() and not path.is_symlink()]
        cls.environment = {"LD_LIBRARY_PATH": str(cls.lib), "PKG_CONFIG_PATH": str(cls.lib / "pkgconfig"),
                           "CMAKE_PREFIX_PATH": str(cls.prefix)}

    def elf_files(self):
        found = [path for path in self.files if path.read_bytes()[:4] == b"\x7fELF"]
        self.assertTrue(any(path.name.startswith("libshoal.so") for path in found))
        return found

    def test_the_command_runs_from_anywhere(self):
        self.assertEqual(run(self.prefix / "bin" / "shoal", "version").split("\n")[0], f"shoal {VERSION}")

    def test_no_installed_file_knows_where_it_was_built(self):
        for path in self.files:
            raw = path.read_bytes()
            for place in (BUILD, SOURCE, self.temp):
                self.assertFalse(os.fsencode(place) + b"/" in raw, f"{path} names {place}")

    def test_no_run_path(self):
        for path in self.elf_files():
            self.assertNotRegex(run("readelf", "-d", path), r"\((RPATH|RUNPATH)\)", path)

    def test_headers_compile_alone_and_include_nothing_foreign(self):
        self.assertTrue((self.prefix / "include" / "shoal" / "shoal.h").is_file())
        run(sys.executable, "-B", LAYERS, "--root", self.prefix)
        run(sys.executable, "-B", LAYERS, "--root", self.prefix, "--headers", "--compiler", CXX)

    def test_every_header_of_the_tree_is_installed(self):
        self.assertEqual(sorted(p.relative_to(SOURCE / "include") for p in (SOURCE / "include").rglob("*.h")),
                         sorted(p.relative_to(self.prefix / "include") for p in (self.prefix / "include").rglob("*.h")))

    def test_the_library_exports_what_the_headers_declare_and_nothing_else(self):
        public = public_names((self.prefix / "include" / "shoal").glob("*.h"))
        self.assertLessEqual({"Node", "Producer", "code_name"}, public)
        exported = run("nm", "-DC", "--defined-only", self.lib / "libshoal.so")
        names = {name: symbol for name, symbol in shoal_symbols(exported, "TWVuBDRi").items()}
        self.assertEqual({}, {name: symbol for name, symbol in names.items() if name not in public})
        for line in exported.splitlines():
            self.assertRegex(line, r"@@SHOAL_0$| A SHOAL_0$", "a symbol without a version")

        # What the headers promise and the archives have is there.
        archives = [*(BUILD / "src").glob("*/libshoal_*.a")]
        self.assertTrue(archives)
        defined = shoal_symbols("\n".join(run("nm", "-C", "--defined-only", path) for path in archives), "T")
        self.assertEqual({}, {name: symbol for name, symbol in defined.items() if name in public - set(names)})

    def test_an_outside_program_finds_the_package_by_cmake(self):
        build = self.temp / "outside-cmake"
        run(CMAKE, "-S", OUTSIDE, "-B", build, f"-DCMAKE_CXX_COMPILER={CXX}", f"-DSHOAL_WANTED={VERSION}",
            env=self.environment)
        run(CMAKE, "--build", build)
        self.check_outside(build / "outside", "by-cmake")

    def test_an_outside_program_finds_the_package_by_pkg_config(self):
        self.assertEqual(run("pkg-config", "--modversion", "shoal", env=self.environment).strip(), VERSION)
        flags = run("pkg-config", "--cflags", "--libs", "shoal", env=self.environment).split()
        program = self.temp / "outside-pkg-config"
        run(CXX, "-std=c++20", "-Wall", "-Wextra", "-Werror", OUTSIDE / "outside.cpp", "-o", program, *flags)
        self.check_outside(program, "by-pkg-config")

    def check_outside(self, program, directory):
        """It needs libshoal and the language's own libraries, no other; and it works."""
        needed = re.findall(r"\(NEEDED\).*\[(.*?)\]", run("readelf", "-d", program))
        self.assertEqual([name for name in needed if not re.match(r"lib(stdc\+\+|gcc_s|c|m)\.so", name)],
                         ["libshoal.so.0"])
        out = run(program, self.temp / directory, env=self.environment)
        self.assertEqual(out, "read 500 here, 500 beside, 500 there\n")

    def test_another_minor_version_is_refused(self):
        done = subprocess.run([CMAKE, "-S", OUTSIDE, "-B", self.temp / "outside-newer",
                               f"-DCMAKE_CXX_COMPILER={CXX}", "-DSHOAL_WANTED=0.2"], capture_output=True, text=True,
                              env={**os.environ, **self.environment}, timeout=120)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("0.1.0", done.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""Tests of scripts/commits.sh in a repository of their own: each wrong subject is named, the others are not."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
IDENTITY = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class Commits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "scripts").mkdir()
        for name in ("commits.sh", "lib.sh"):
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts" / name)
        self.git("init", "-q", ".")
        self.commit("before the rule everything went")
        (self.root / ".gitmessage").write_text("area: sentence\n")
        self.git("add", ".gitmessage")
        self.commit("docs: say how a commit is named")

    def git(self, *words):
        subprocess.run(["git", *words], cwd=self.root, env={**os.environ, **IDENTITY}, check=True, capture_output=True)

    def commit(self, subject):
        self.git("commit", "-q", "--allow-empty", "-m", subject, "-m", "A body; with semicolons, and as long as it likes to be.")

    def check(self, *words):
        return subprocess.run(["bash", "scripts/commits.sh", *words], cwd=self.root, env={**os.environ, **IDENTITY},
                              capture_output=True, text=True)

    def assert_refused(self, subject, why):
        self.commit(subject)
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{subject} ({why})", done.stderr)

    def test_what_came_before_the_rule_is_left_alone(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_form_passes(self):
        self.commit("feed/log: drop rows beyond the head")
        self.commit("tests, docs: " + "x" * 50 + " " + "y" * 8)
        self.assertEqual(self.check().returncode, 0)

    def test_too_long(self):
        self.assert_refused("docs: " + "x" * 60 + " " + "y" * 6, "over 72 characters")

    def test_no_area(self):
        self.assert_refused("Drop rows beyond the head", "no area before a colon")
        self.assert_refused("drop rows beyond the head", "no area before a colon")

    def test_no_sentence(self):
        self.assert_refused("docs: bans", "no sentence")

    def test_two_changes(self):
        self.assert_refused("store: sync the journal; docs: say so", "several changes in one commit")

    def test_a_range(self):
        self.commit("bad")
        self.commit("docs: describe the range")
        self.assertEqual(self.check("HEAD~1..HEAD").returncode, 0)
        self.assertEqual(self.check("HEAD~2..HEAD").returncode, 1)
        self.assertEqual(self.check("nowhere..HEAD").returncode, 1)

    def test_without_history(self):
        shutil.rmtree(self.root / ".git")
        done = self.check()
        self.assertEqual(done.returncode, 0)
        self.assertIn("no git history", done.stderr)


if __name__ == "__main__":
    unittest.main()

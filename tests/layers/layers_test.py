#!/usr/bin/python3
"""Tests of scripts/layers.py: a small good tree passes; each rule speaks when one line of it goes bad."""

import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
sys.dont_write_bytecode = True
import layers  # noqa: E402
from layer_rules import classes, floors, headers, tree  # noqa: E402

GOOD = {
    "include/shoal/types.h": "#pragma once\n#include <shoal/error.h>\n#include <cstdint>\nusing U = std::uint64_t;\n",
    "include/shoal/error.h": "#pragma once\n",
    "src/CMakeLists.txt": "add_subdirectory(base)\n",
    "src/base/CMakeLists.txt": "shoal_floor(base SOURCES clock.cpp)\n",
    "src/base/clock.h": "#pragma once\n#include <shoal/types.h>\n",
    "src/base/clock.cpp": '#include "base/clock.h"\n#include <chrono>\nauto n = std::chrono::steady_clock::now();\n',
    "src/crypto/CMakeLists.txt": "shoal_floor(crypto SOURCES hash.cpp DEPENDS base LIBRARIES sodium)\n",
    "src/crypto/hash.h": "#pragma once\n",
    "src/crypto/hash.cpp": '#include "crypto/hash.h"\n#include "base/clock.h"\n#include <sodium.h>\n',
    "src/store/CMakeLists.txt": "shoal_floor(store SOURCES rocks_kv_store.cpp DEPENDS base crypto)\n",
    "src/store/rocks_kv_store.cpp": "#include <rocksdb/db.h>\nstd::mutex called_from_its_threads;\n",
    "src/topic/CMakeLists.txt": "shoal_floor(topic SOURCES cursor.cpp DEPENDS crypto base)\n",
    "src/topic/cursor.h": "#pragma once\n",
    "src/topic/cursor.cpp": '#include "topic/cursor.h"\n// std::mutex and a steady_clock::now \u2014 only words here\n',
    "src/replication/CMakeLists.txt": "shoal_floor(replication SOURCES wire/session.cpp DEPENDS base)\n",
    "src/replication/wire/session.h": "#pragma once\n",
    "src/replication/wire/session.cpp": '#include "replication/wire/session.h"\nconst char* s = "std::thread";\n',
    "src/replication/peers/view.h": '#pragma once\n#include "replication/wire/session.h"\n',
    "src/replication/replicator.h": '#pragma once\n#include "replication/peers/view.h"\n',
    "src/node/CMakeLists.txt": "shoal_floor(node SOURCES node.cpp DEPENDS topic replication)\n",
    "src/node/api/api.h": "#pragma once\n#include <string>\nclass Api {\n  std::string name_;\n};\n",
    "src/node/feeds/host.h": "#pragma once\n",
    "src/doors/CMakeLists.txt": "shoal_floor(doors SOURCES http/answer.cpp DEPENDS node)\n",
    "src/doors/http/answer.h": '#pragma once\n#include "node/api/api.h"\nclass Answer {\n  void fail();\n};\n',
    "src/doors/http/answer.cpp": '#include "doors/http/answer.h"\n#include "base/try.h"\nvoid Answer::fail() {\n}\n',
    "src/doors/socket/stream.h": '#pragma once\n#include "doors/http/answer.h"\n',
    "src/node/node.cpp": '#include "topic/cursor.h"\n#include <thread>\nstd::thread t;\n',
    "include/shoal/c.h": "#pragma once\n#include <stddef.h>\n#include <stdint.h>\n",
    "src/base/try.h": "#pragma once\n",
    "src/c/CMakeLists.txt": "add_library(shoal_c SHARED records.cpp)\n",
    "src/c/records.h": "#pragma once\n#include <shoal/c.h>\n",
    "src/c/records.cpp": '#include "base/try.h"\n#include "c/records.h"\n#include <shoal/types.h>\n',
    "apps/shoal/main.cpp": "#include <CLI/CLI.hpp>\n",
    "apps/examples/publish.cpp": "#include <shoal/types.h>\n",
    "tests/CMakeLists.txt": "foreach(folder base cli)\nendforeach()\n",
    "tests/base/CMakeLists.txt": "shoal_test(base SOURCES clock_test.cpp DEPENDS base)\n",
    "tests/base/clock_test.cpp": '#include "base/clock.h"\n#include "base/fake.h"\n#include <gtest/gtest.h>\n'
                                 'TEST(Clock, Ticks) { FAIL() << "\u00e4"; }\n',
    "tests/base/fake.h": "#pragma once\n",
    "tests/cli/CMakeLists.txt": "add_test(NAME cli.key COMMAND bats ${CMAKE_CURRENT_SOURCE_DIR}/key.bats)\n",
    "tests/cli/key.bats": "@test works { true; }\n",
}


def problems_of(changes):
    """What the check says of the good tree with some files replaced, added, or (None) removed."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in {**GOOD, **changes}.items():
            if text is None:
                continue
            path = pathlib.Path(root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return layers.check_tree(root)


class LayerCheck(unittest.TestCase):
    def assert_one(self, changes, place, rule):
        problems = problems_of(changes)
        self.assertEqual(len(problems), 1, problems)
        self.assertTrue(problems[0].startswith(f"{place}: {rule}: "), problems[0])

    def assert_code(self, file, line, rule):
        """One more line at the end of `file` breaks exactly `rule`."""
        text = GOOD[file]
        self.assert_one({file: f"{text}{line}\n"}, f"{file}:{text.count(chr(10)) + 1}", rule)

    def said_of_this_tree(self, check):
        """What one check says of the tree that this file stands in."""
        this = tree.Tree(ROOT)
        check(this)
        return "\n".join(this.problems)

    def test_good_tree_passes(self):
        self.assertEqual(problems_of({}), [])

    def test_empty_tree_is_not_a_pass(self):
        with tempfile.TemporaryDirectory() as root:
            self.assertNotEqual(layers.check_tree(root), [])

    def test_upward_include(self):
        self.assert_code("src/base/clock.h", '#include "crypto/hash.h"', "upward")
        self.assert_code("src/crypto/hash.cpp", '  #  include "topic/cursor.h"  // why not', "upward")
        self.assert_code("tests/base/clock_test.cpp", '#include "crypto/hash.h"', "upward")

    def test_topic_and_replication_never_meet(self):
        self.assert_code("src/topic/cursor.cpp", '#include "replication/wire/session.h"', "upward")
        self.assert_code("src/replication/wire/session.h", '#include "topic/cursor.h"', "upward")

    def test_upward_link(self):
        self.assert_one({"src/base/CMakeLists.txt": "shoal_floor(base SOURCES clock.cpp DEPENDS crypto)\n"},
                        "src/base/CMakeLists.txt:1", "upward")
        self.assert_one({"src/crypto/CMakeLists.txt": "\nshoal_floor(crypto DEPENDS base topic LIBRARIES s\n"
                                                      "  SOURCES hash.cpp)\n"}, "src/crypto/CMakeLists.txt:2", "upward")

    def test_include_must_exist_and_be_written_from_src(self):
        self.assert_code("src/topic/cursor.cpp", '#include "crypto/gone.h"', "include")
        self.assert_code("src/crypto/hash.cpp", '#include "hash.h"', "include")
        self.assert_code("src/crypto/hash.cpp", '#include "base/fake.h"', "include")
        self.assert_code("tests/base/clock_test.cpp", '#include "base/gone.h"', "include")

    def test_rooms_have_an_order(self):
        self.assert_code("src/replication/wire/session.h", '#include "replication/peers/view.h"', "room")
        self.assert_code("src/replication/peers/view.h", '#include "replication/replicator.h"', "room")
        self.assert_one({"src/node/runtime/pool.h": '#pragma once\n\n#include "node/api/api.h"\n'},
                        "src/node/runtime/pool.h:3", "room")
        self.assert_one({"apps/shoal/text/units.h": '#pragma once\n#include "output.h"\n',
                         "apps/shoal/output.h": "#pragma once\n"}, "apps/shoal/text/units.h:2", "room")
        self.assertEqual(problems_of({"apps/shoal/manual_main.cpp": '#include "commands/all.h"\n',
                                      "apps/shoal/commands/all.h": "#pragma once\n"}), [])

    def test_a_room_without_a_place_is_named(self):
        self.assert_one({"src/replication/misc/any.h": "#pragma once\n"}, "src/replication/misc/any.h:1", "room")

    def test_a_floor_without_a_place_is_named(self):
        for file in ("src/web/page.h", "src/page.h", "apps/other/page.h"):
            self.assert_one({file: "#pragma once\n"}, f"{file}:1", "floor")
        self.assert_one({"src/base/deep/page.h": "#pragma once\n"}, "src/base/deep/page.h:1", "room")
        self.assert_one({"src/replication/wire/any_main.cpp": '#include "replication/replicator.h"\n',
                         "src/replication/CMakeLists.txt": "shoal_floor(replication SOURCES wire/session.cpp "
                                                           "wire/any_main.cpp DEPENDS base)\n"},
                        "src/replication/wire/any_main.cpp:1", "room")

    def test_what_is_included_is_read(self):
        self.assert_code("src/replication/wire/session.h", '#include "replication//peers/view.h"', "include")
        self.assert_code("src/replication/wire/session.h", "#inc\\\nlude <x>", "include")
        for file in ("src/replication/wire/x.txt", "src/replication/wire/x"):
            text = GOOD["src/replication/wire/session.h"] + f'#include "{file[4:]}"\n'
            self.assert_one({file: "", "src/replication/wire/session.h": text}, "src/replication/wire/session.h:2", "include")
        self.assert_one({"src/replication/wire/x.TCC": ""}, "src/replication/wire/x.TCC:1", "include")
        self.assertIn("src/replication/fixtures/x.h:1: room", "".join(problems_of(
            {"src/replication/fixtures/x.h": "#pragma once\n"})))

    def test_members_in_another_floor_are_members(self):
        text = GOOD["src/node/node.cpp"] + "void Answer::more() {\n}\n"
        self.assert_one({"src/node/node.cpp": text}, "src/node/node.cpp:4", "class")

    def test_every_floor_with_folders_has_an_order_of_rooms(self):
        flat = {"base", "crypto", "merkle", "record", "store", "topic", "c", "library", "python"}
        for folder in (ROOT / "src").iterdir():
            rooms = [room for room in folder.iterdir() if room.is_dir()] if folder.is_dir() else []
            if rooms and folder.name not in flat:
                self.assertIn(f"src/{folder.name}", floors.ROOMS)

    def test_docs_name_tests_that_exist(self):
        made = re.compile(r"(?:TEST(?:_F|_P)?|TYPED_TEST(?:_P)?|RC_GTEST_(?:FIXTURE_)?PROP)\(\s*(\w+),\s*(\w+)")
        names = {".".join(found) for path in (ROOT / "tests").rglob("*.cpp") for found in made.findall(path.read_text())}
        for page in (ROOT / "docs").glob("*.md"):
            for name in re.findall(r"`([A-Z]\w+\.[A-Z]\w+)`", page.read_text()):
                self.assertIn(name, names, page.name)

    def test_doors_see_the_api_and_no_other_door(self):
        self.assert_code("src/doors/http/answer.cpp", '#include "node/feeds/host.h"', "door")
        self.assert_code("src/doors/http/answer.cpp", '#include "crypto/hash.h"', "door")
        other = {"src/doors/web/page.h": "#pragma once\n"}
        self.assertIn("src/doors/socket/stream.h:3: door: ", "".join(problems_of(
            {**other, "src/doors/socket/stream.h": GOOD["src/doors/socket/stream.h"] + '#include "doors/web/page.h"\n'})))

    def test_a_cycle_is_named_with_all_its_components(self):
        changes = {"src/topic/a.h": '#pragma once\n#include "topic/b.h"\n', "src/topic/b.h": "#pragma once\n",
                   "src/topic/b.cpp": '#include "topic/c.h"\n', "src/topic/c.h": '#pragma once\n#include "topic/a.h"\n',
                   "src/topic/CMakeLists.txt": "shoal_floor(topic SOURCES b.cpp cursor.cpp DEPENDS crypto base)\n"}
        self.assert_one(changes, "src/topic/a.h:2", "cycle")
        self.assertTrue(problems_of(changes)[0].endswith("src/topic/a <-> src/topic/b <-> src/topic/c"))
        self.assertEqual(problems_of({**changes, "src/topic/c.h": "#pragma once\n"}), [])

    def test_one_class_one_source(self):
        changes = {"src/doors/http/more.cpp": '#include "doors/http/answer.h"\n\nnamespace x {\n\n'
                                              "std::vector<int> Answer::more() const {\n  return {};\n}\n\n}\n",
                   "src/doors/CMakeLists.txt": "shoal_floor(doors SOURCES http/answer.cpp http/more.cpp DEPENDS node)\n"}
        self.assert_one(changes, "src/doors/http/more.cpp:5", "class")
        # A nested class is a class of its own, and a call is no definition.
        other = changes["src/doors/http/more.cpp"].replace("std::vector<int> Answer::more() const {\n  return {};\n}",
                                                           "void f() {\n  Answer::more();\n}\n\nint Answer::Other::g() {\n}")
        self.assertEqual(problems_of({**changes, "src/doors/http/more.cpp": other}), [])

    def refused_in_a_second_file(self, member, name="more.cpp", head=""):
        """Whether a member's definition in another file than the class's own is refused by name."""
        source = f'#include "doors/http/answer.h"\n{head}{member}\n'
        changes = {f"src/doors/http/{name}": "#pragma once\n" + source if name.endswith(".h") else source,
                   "src/doors/CMakeLists.txt": "shoal_floor(doors SOURCES http/answer.cpp http/more.cpp DEPENDS node)\n"}
        return any("Answer is defined here" in problem for problem in problems_of(changes))

    def test_every_form_of_a_member_is_seen(self):
        for member in ("int Answer::f() { return 1; }", "std::function<void(int)> Answer::f() {}", "struct stat Answer::f() {}",
                       "void doors::Answer::f() {}", "Answer::operator std::string() const {}", "Answer::~Answer() = default;",
                       "bool Answer::operator==(const Answer& o) const { return a == o.a; }", "int Answer::count = g::h(3);",
                       "template <class T>\nvoid Answer<T>::f() {}", "decltype(auto) Answer::f() {}",
                       "Answer::Answer(int a) : a_{a}, b_(a) {\n}", "namespace x { void Answer::f() {} }",
                       "namespace {\n  void Answer::f() {\n  }\n}", "auto Answer::f() -> std::vector<int> {}"):
            self.assertTrue(self.refused_in_a_second_file(member), member)
        self.assertTrue(self.refused_in_a_second_file("inline void Answer::f() {}", "more.h"))
        for member in ("void f() {\n  Answer::g();\n}", "using X = Answer::Y;", "int a = Answer::g();",
                       "class W : public Answer::Base {\n};"):
            self.assertFalse(self.refused_in_a_second_file(member), member)

    def test_classes_of_sources_are_known_in_their_file_alone(self):
        body = "namespace {\nclass W {\n  void f();\n};\nvoid W::f() {}\n}\n"
        changes = {f"src/doors/http/{name}.cpp": body for name in ("one", "two")}
        changes["src/doors/CMakeLists.txt"] = "shoal_floor(doors SOURCES http/answer.cpp http/one.cpp http/two.cpp DEPENDS node)\n"
        self.assertEqual(problems_of(changes), [])

    def test_what_a_class_hides_counts_as_its_own(self):
        header = "#pragma once\nclass [[nodiscard]] alignas(8) Answer final {\n  struct Impl;\n};\n"
        def source(count):
            return '#include "doors/http/answer.h"\nstruct Answer::Impl {\n' + "  int a;\n" * count + "};\n"
        self.assertEqual(problems_of({"src/doors/http/answer.h": header, "src/doors/http/answer.cpp": source(395)}), [])
        self.assert_one({"src/doors/http/answer.h": header, "src/doors/http/answer.cpp": source(398)},
                        "src/doors/http/answer.h:2", "class")

    def test_class_length_counts_all_files(self):
        body = "class Answer {\n" + "  int a;\n" * 300 + "};\n"
        member = lambda lines: "void Answer::fail() {\n" + "  call();\n" * lines + "}\n"  # noqa: E731
        changes = {"src/doors/http/answer.h": '#pragma once\n\n' + body}
        source = '#include "doors/http/answer.h"\n'
        self.assertEqual(problems_of({**changes, "src/doors/http/answer.cpp": source + member(96)}), [])
        self.assert_one({**changes, "src/doors/http/answer.cpp": source + member(98)},
                        "src/doors/http/answer.h:3", "class")

    def test_class_length_of_initialiser_lists(self):
        code = "A::A(int a) : a_{a}, b_(a) {\n  f();\n}\nint A::g() { return 1; }\n"
        with tempfile.TemporaryDirectory() as root:
            (pathlib.Path(root) / "src" / "base").mkdir(parents=True)
            (pathlib.Path(root) / "src" / "base" / "a.cpp").write_text("class A {\n};\n" + code)
            facts = classes.class_facts(tree.Tree(root))
        self.assertEqual(facts[("src/base/a.cpp", "A")].lines, 2 + 3 + 1)

    def test_numbers_of_long_classes_only_fall(self):
        kept = dict(classes.CLASS_LINES_ALLOWED)
        try:
            classes.CLASS_LINES_ALLOWED["FeedHost"] = 100000
            self.assertIn("FeedHost has ", self.said_of_this_tree(classes.check_class_length))
        finally:
            classes.CLASS_LINES_ALLOWED.clear()
            classes.CLASS_LINES_ALLOWED.update(kept)

    def test_headers_include_what_they_use(self):
        self.assert_code("src/topic/cursor.h", "std::optional<int> o;", "borrowed")
        self.assert_code("include/shoal/types.h", "std::uint8_t a; std::string s;", "borrowed")
        self.assert_code("src/topic/cursor.h", "T moved(T t) { return std::move(t); }", "borrowed")
        self.assertEqual(problems_of({"src/topic/cursor.h": "#pragma once\n#include <string>\nstd::string s;  // std::map\n"}),
                         [])

    def test_vendors_that_nobody_uses_leave_the_list(self):
        floors.VENDORS.append((r"unused/", ["src/"]))
        try:
            self.assertIn("nobody includes unused/", self.said_of_this_tree(floors.check_vendor_list))
        finally:
            floors.VENDORS.pop()

    def test_no_include_goes_round_the_rules(self):
        self.assert_code("src/topic/cursor.cpp", "#include <base/clock.h>", "include")
        self.assert_code("src/topic/cursor.cpp", '#include "base/../base/clock.h"', "include")
        self.assert_code("src/topic/cursor.cpp", '#include "base/./clock.h"', "include")
        for line in ("#include CLOCK", "#include_next <vector>", '#import "base/clock.h"', '%:include "base/clock.h"',
                     '#include \\\n"base/clock.h"'):
            self.assert_code("src/topic/cursor.cpp", line, "include")
        self.assert_one({"src/topic/cursor.inc": "int x;\n"}, "src/topic/cursor.inc:1", "include")

    def test_cycles_between_folders_of_one_room(self):
        changes = {"src/replication/wire/a.h": '#pragma once\n#include "replication/wire/deep/b.h"\n',
                   "src/replication/wire/deep/b.h": '#pragma once\n#include "replication/wire/a.h"\n'}
        self.assert_one(changes, "src/replication/wire/a.h:2", "cycle")
        self.assert_one({"include/shoal/types.h": GOOD["include/shoal/types.h"],
                         "include/shoal/error.h": "#pragma once\n#include <shoal/types.h>\n"},
                        "include/shoal/error.h:2", "cycle")

    def test_vendor_headers_stay_in_adapters(self):
        for line in ("<libtorrent/session.hpp>", "<rocksdb/db.h>", "<openssl/evp.h>", "<sodium.h>", "<zstd.h>",
                     "<zlib.h>", "<CLI/CLI.hpp>", "<boost/asio.hpp>", "<gtest/gtest.h>"):
            self.assert_code("src/topic/cursor.cpp", f"#include {line}", "vendor")
        self.assert_one({"src/store/journal.cpp": "#include <rocksdb/db.h>\n",
                         "src/store/CMakeLists.txt": "shoal_floor(store SOURCES journal.cpp rocks_kv_store.cpp)\n"},
                        "src/store/journal.cpp:1", "vendor")

    def test_json_only_in_sources(self):
        self.assertEqual(problems_of({"src/topic/cursor.cpp": "#include <nlohmann/json.hpp>\n"}), [])
        self.assert_code("src/topic/cursor.h", "#include <nlohmann/json_fwd.hpp>", "vendor")

    def test_public_headers_show_no_vendor_and_no_inside(self):
        self.assert_code("include/shoal/types.h", "#include <sodium.h>", "public")
        self.assert_code("include/shoal/types.h", '#include "base/clock.h"', "public")
        self.assert_code("apps/examples/publish.cpp", '#include "base/clock.h"', "public")

    def test_the_c_library_stands_on_public_headers(self):
        self.assert_code("src/c/records.cpp", '#include "topic/cursor.h"', "public")
        self.assert_code("src/node/node.cpp", '#include "c/records.h"', "upward")
        for line in ("<cstdint>", "<shoal/types.h>", "<sodium.h>", '"c/records.h"'):
            self.assert_code("include/shoal/c.h", f"#include {line}", "public")
        self.assert_code("include/shoal/types.h", "#include <stdint.h>", "public")

    def test_clock_below_node(self):
        for line in ("auto t = std::chrono::system_clock::now();", "int r = clock_gettime(0, nullptr);",
                     "auto t = std::time(nullptr);", "long t = time(nullptr);"):
            self.assert_code("src/topic/cursor.cpp", line, "clock")

    def test_random_below_node(self):
        for line in ("std::random_device d;", "std::mt19937_64 g;", "int r = rand();", "randombytes_buf(p, 32);"):
            self.assert_code("src/replication/wire/session.cpp", line, "random")

    def test_threads_below_node(self):
        for line in ("std::thread t;", "std::mutex m;", "std::lock_guard l(m);", "std::condition_variable c;",
                     "usleep(3);", "boost::asio::steady_timer t;"):
            self.assert_code("src/replication/wire/session.cpp", line, "thread")

    def test_unregistered_files(self):
        self.assert_one({"tests/base/bytes_test.cpp": "TEST(A, B) {}\n"}, "tests/base/bytes_test.cpp:1", "registered")
        # A name that only ends like a registered one is not registered.
        self.assert_one({"tests/base/lock_test.cpp": "TEST(A, B) {}\n"}, "tests/base/lock_test.cpp:1", "registered")
        self.assert_one({"tests/cli/pub.bats": "@test x { true; }\n"}, "tests/cli/pub.bats:1", "registered")
        self.assert_one({"src/base/wire.cpp": "int x;\n"}, "src/base/wire.cpp:1", "registered")

    def test_unregistered_folder(self):
        self.assert_one({"tests/topic/CMakeLists.txt": "shoal_test(topic SOURCES cursor_test.cpp)\n",
                         "tests/topic/cursor_test.cpp": "TEST(A, B) {}\n"},
                        "tests/topic/CMakeLists.txt:1", "registered")

    def test_tests_that_cannot_fail(self):
        self.assert_one({"tests/base/clock_test.cpp": "// TEST(Clock, Ticks)\n"}, "tests/base/clock_test.cpp:1",
                        "registered")
        self.assert_code("tests/base/clock_test.cpp", "TEST(Clock, DISABLED_Ticks) {}", "skipped")
        self.assert_code("tests/base/clock_test.cpp", "void f() { GTEST_SKIP(); }", "skipped")
        self.assertEqual(problems_of({"tests/base/clock_test.cpp": "TEST(A, B) { GTEST_SKIP() << why; }\n"}), [])

    def test_length(self):
        self.assertEqual(problems_of({"src/topic/cursor.cpp": "\n" * 500}), [])
        self.assert_one({"src/topic/cursor.cpp": "\n" * 501}, "src/topic/cursor.cpp:501", "length")

    def test_text(self):
        self.assert_code("src/topic/cursor.cpp", 'auto dash = "\u2014";', "text")
        self.assert_code("src/topic/cursor.cpp", "int x;  // \u202e reversed", "text")
        self.assert_code("src/topic/cursor.cpp", "int x;\r", "text")
        self.assert_code("src/topic/cursor.cpp", "\tint x;", "text")
        self.assert_one({"src/topic/cursor.cpp": b"// \xff\n"}, "src/topic/cursor.cpp:1", "text")
        self.assert_one({"src/topic/cursor.cpp": b"int x;"}, "src/topic/cursor.cpp:1", "text")
        self.assert_one({"src/topic/cursor.h": "int x;\n"}, "src/topic/cursor.h:1", "header")

    def test_literals_and_comments_are_told_apart(self):
        code = 'f("// no comment", \'"\', R"x(/* " )x", 1\'000\'000); /* std::mutex\n */ g(); // std::mutex\n'
        left = tree.without_comments(code)
        self.assertEqual(left.count("\n"), code.count("\n"))
        self.assertIn('"// no comment"', left)
        self.assertIn("g();", left)
        self.assertNotIn("mutex", left)
        self.assertNotIn("no comment", tree.without_comments(code, keep_strings=False))


class PublicHeaders(unittest.TestCase):
    def test_header_that_needs_another_is_named(self):
        with tempfile.TemporaryDirectory() as root:
            folder = pathlib.Path(root) / "include" / "shoal"
            folder.mkdir(parents=True)
            (folder / "good.h").write_text("#pragma once\n#include <cstdint>\ninline std::uint8_t f() { return 1; }\n")
            (folder / "bad.h").write_text("#pragma once\ninline std::string g() { return {}; }\n")
            problems = headers.compile_public(root, sys.argv[1] if len(sys.argv) > 1 else "g++")
        self.assertEqual(len(problems), 1, problems)
        self.assertTrue(problems[0].startswith("include/shoal/bad.h:1: header: "), problems[0])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

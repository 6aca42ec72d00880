"""Headers: they include what they use, and the public ones compile alone."""

import concurrent.futures
import os
import pathlib
import re
import subprocess

from .floors import C_HEADER

# Names of the C++ library and the header that gives each. A header that uses one includes it itself.
GIVEN_BY = {
    "algorithm": "all_of any_of binary_search clamp copy copy_if copy_n count count_if equal equal_range fill fill_n find "
                 "find_if find_if_not for_each includes is_sorted lower_bound max max_element merge min min_element minmax "
                 "mismatch none_of nth_element partition partition_point remove remove_if replace reverse rotate search "
                 "set_difference set_intersection set_union shuffle sort stable_sort transform unique upper_bound",
    "array": "array",
    "atomic": "atomic atomic_bool atomic_flag memory_order_relaxed",
    "bit": "bit_cast bit_ceil bit_floor bit_width countl_zero countr_zero endian has_single_bit popcount rotl rotr",
    "charconv": "from_chars to_chars",
    "chrono": "chrono",
    "cmath": "abs ceil floor isnan log log2 pow round sqrt",
    "compare": "strong_ordering weak_ordering partial_ordering",
    "concepts": "convertible_to derived_from integral invocable same_as unsigned_integral",
    "condition_variable": "condition_variable condition_variable_any",
    "cstddef": "byte nullptr_t ptrdiff_t size_t",
    "cstdint": "int16_t int32_t int64_t int8_t uint16_t uint32_t uint64_t uint8_t uintptr_t",
    "cstdlib": "abort exit getenv strtol strtoul strtoull",
    "cstring": "memchr memcmp memcpy memmove memset strerror strlen",
    "deque": "deque",
    "exception": "exception exception_ptr",
    "filesystem": "filesystem",
    "fstream": "fstream ifstream ofstream",
    "functional": "cref function greater hash invoke less plus ref reference_wrapper",
    "future": "future promise",
    "initializer_list": "initializer_list",
    "iterator": "advance back_inserter begin distance end make_move_iterator next prev size ssize",
    "limits": "numeric_limits",
    "list": "list",
    "map": "map multimap",
    "memory": "enable_shared_from_this make_shared make_unique shared_ptr unique_ptr weak_ptr",
    "mutex": "call_once lock_guard mutex once_flag scoped_lock unique_lock",
    "new": "bad_alloc nothrow",
    "numeric": "accumulate gcd iota",
    "optional": "make_optional nullopt nullopt_t optional",
    "queue": "priority_queue queue",
    "random": "mt19937 mt19937_64",
    "ratio": "micro milli nano",
    "set": "multiset set",
    "shared_mutex": "shared_lock shared_mutex",
    "source_location": "source_location",
    "span": "as_bytes as_writable_bytes dynamic_extent span",
    "sstream": "istringstream ostringstream stringstream",
    "stdexcept": "invalid_argument logic_error out_of_range runtime_error",
    "stop_token": "stop_callback stop_source stop_token",
    "string": "string to_string",
    "string_view": "string_view",
    "system_error": "errc error_code",
    "thread": "jthread this_thread thread",
    "tuple": "ignore make_tuple tie tuple",
    "type_traits": "conditional_t decay_t enable_if_t false_type invoke_result_t is_base_of_v is_constructible_v "
                   "is_convertible_v is_enum_v is_integral_v is_invocable_v is_same_v is_trivially_copyable_v is_unsigned_v "
                   "make_unsigned_t remove_cvref_t remove_reference_t true_type underlying_type_t void_t",
    "unordered_map": "unordered_map",
    "unordered_set": "unordered_set",
    "utility": "as_const declval exchange forward in_place in_place_t integer_sequence make_pair move pair swap",
    "variant": "get_if holds_alternative monostate variant visit",
    "vector": "vector",
}
HEADER_OF = {name: header for header, names in GIVEN_BY.items() for name in names.split()}
USE = re.compile(r"\bstd::(\w+)")


def check_own_includes(tree):
    for file, _ in tree.cpp("include/", "src/", "apps/"):
        if not file.endswith(".h") or file == C_HEADER:
            continue
        missing = {}
        for number, line in enumerate(tree.code(file).splitlines(), 1):
            for name in USE.findall(line):
                missing.setdefault(HEADER_OF.get(name), (number, name))
        for header in [name for _, quoted, name in tree.includes(file) if not quoted] + [None]:
            missing.pop(header, None)
        for header, (number, name) in sorted(missing.items(), key=lambda item: item[1]):
            tree.report(file, number, "borrowed", f"std::{name} is used, <{header}> is not included")


def compile_public(root, compiler):
    """Problems of public headers that do not compile alone; two at a time."""
    root = pathlib.Path(root)

    def compile_one(header):
        command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                   "-Wno-pragma-once-outside-header", "-x", "c++", "-I", str(root / "include"), str(header)]
        if "clang" not in os.path.basename(compiler):
            command.remove("-Wno-pragma-once-outside-header")
            # g++ has no option that permits #pragma once in a main file: include the header from an empty one.
            command[-1:] = ["-include", str(header), os.devnull]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return None
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
        return f"{header.relative_to(root).as_posix()}:1: header: does not compile alone: {first}"

    headers = sorted((root / "include").rglob("*.h"))
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return [problem for problem in pool.map(compile_one, headers) if problem]

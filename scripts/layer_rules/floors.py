"""Who may include whom: floors, rooms, doors, vendors, and no cycle."""

import os
import re

# A floor may include itself and what stands left of it. Floors in one group never include each other.
FLOORS = [["base"], ["crypto"], ["merkle"], ["record"], ["store"], ["feed"], ["topic", "replication"], ["swarm"],
          ["node"], ["doors"], ["attach"], ["c"]]
RANK = {name: rank for rank, group in enumerate(FLOORS) for name in group}
BELOW_NODE = [name for name in RANK if RANK[name] < RANK["node"]]

# The rooms (sub-folders) of a floor, lowest first. A file includes its own room and the rooms in groups left of it;
# rooms of one group never include each other. "" is the floor's own folder.
ROOMS = {
    "src/feed": [["format"], ["log"], ["read", "write", "mirror"], ["bundle"]],
    "src/replication": [["wire"], ["peers"], ["heads"], ["fetch"], ["live"], ["serve"], [""], ["session"]],
    "src/swarm": [[""], ["libtorrent"]],
    "src/node": [["api", "runtime"], ["directory"], ["feeds"], ["network", "reading"], ["table", "bundles"], ["doctor"],
                 [""]],
    "src/doors": [["text"], ["http"], ["socket"]],
    "src/attach": [["client"], ["following"]],
    "apps/shoal": [["text"], [""], ["completion"], ["commands"]],
}
# Programs stand above the rooms of their folder.
PROGRAM = re.compile(r"^apps/(.*/)?(\w+_)?main\.cpp$")
# Folders of src that are no floor: other languages, with rules of their own.
OTHER_FOLDERS = ["python"]
APPS = ["shoal", "examples"]

# What a door may include of the project: nothing that lets it do what it was not handed, and no other door.
DOOR_MAY_INCLUDE = ("base/", "record/", "node/api/", "doors/text/", "doors/http/")

# The C library stands on the public headers, as other people's programs do, and on this macro.
C_LIBRARY_MAY_INCLUDE = ["base/try.h"]
C_HEADER = "include/shoal/c.h"

# Vendor headers and the only places that may include them (path prefixes below the root).
VENDORS = [
    (r"rocksdb/", ["src/store/rocks_"]),
    (r"libtorrent/", ["src/swarm/libtorrent/"]),
    (r"sodium(\.h$|/)", ["src/crypto/"]),
    (r"openssl/", ["src/crypto/"]),
    (r"(zstd(_errors)?|lz4(frame|hc)?|snappy(-c|-sinksource)?|zlib)\.h$", ["src/record/"]),
    (r"CLI/", ["apps/"]),
    (r"boost/", ["src/swarm/libtorrent/", "src/node/", "src/doors/", "src/attach/", "apps/"]),
    (r"nlohmann/", ["src/", "apps/"]),
]
TEST_VENDORS = re.compile(r"(gtest|gmock|rapidcheck|benchmark)([./]|$)")
# Slow to compile and nobody else's business: only .cpp files include these.
SOURCES_ONLY = re.compile(r"^(nlohmann|boost|rocksdb|CLI)/")


def floor_of(file):
    """Floor of src/<floor>/... and tests/<floor>/..., None for all else (apps, common test code)."""
    parts = file.split("/")
    return parts[1] if parts[0] in ("src", "tests") and len(parts) > 2 and parts[1] in RANK else None


def may_include(user, used):
    return user == used or RANK[used] < RANK[user]


def room_of(file):
    """(floor's folder, room) of a file below a folder with rooms, else None."""
    for folder in ROOMS:
        if file.startswith(folder + "/"):
            rest = file[len(folder) + 1:].split("/")
            return folder, rest[0] if len(rest) > 1 else ""
    return None


def room_rank(folder, room):
    """Place of the room in its floor's order; None for a room that nobody put in order."""
    return next((rank for rank, group in enumerate(ROOMS[folder]) if room in group), None)


def check_includes(tree):
    for name in tree.strangers:
        tree.report(name, 1, "include", "a file that no rule reads: C++ files end in .h and .cpp")
    for file, _ in tree.cpp("include/", "src/", "apps/", "tests/"):
        for number, quoted, name in tree.includes(file):
            if not quoted and name.split("/")[0] in RANK and "/" in name:
                tree.report(file, number, "include", f"<{name}> is ours: write it in quotes")
            elif {".", "..", ""} & set(name.split("/")):
                tree.report(file, number, "include", f"{name} is not written from the root")
            elif file.startswith("include/"):
                check_public_include(tree, file, number, quoted, name)
            else:
                check_own_include(tree, file, number, quoted, name)
                check_vendor_include(tree, file, number, quoted, name)


def check_public_include(tree, file, number, quoted, name):
    language = r"std(def|int)\.h" if file == C_HEADER else r"[a-z_]+"
    if quoted or not ((name.startswith("shoal/") and file != C_HEADER) or re.fullmatch(language, name)):
        tree.report(file, number, "public", f"a public header includes {name}, not <shoal/...> or a C++ one")


def check_own_include(tree, file, number, quoted, name):
    used = name.split("/")[0]
    floor = floor_of(file)
    if not quoted or used not in RANK or "/" not in name:
        if quoted and file.startswith("src/"):
            tree.report(file, number, "include", f'"{name}" is not written from src/: "<floor>/<file>.h"')
        elif quoted and file.startswith("apps/") and target_of(tree, file, name) is None:
            tree.report(file, number, "include", f"{name} is no header of ours")
        return
    if floor and not may_include(floor, used):
        tree.report(file, number, "upward", f"{floor} includes {name}")
    if file.startswith("src/c/") and used != "c" and name not in C_LIBRARY_MAY_INCLUDE:
        tree.report(file, number, "public", f"the C library includes {name}: it stands on the public headers only")
    if file.startswith("apps/examples/"):
        tree.report(file, number, "public", f"an example includes {name}: examples show the public headers only")
    # Tests have helpers of their own below tests/<floor>/.
    places = ("src", "tests") if file.startswith("tests/") else ("src",)
    if not name.endswith(".h") or not any(f"{place}/{name}" in tree.texts for place in places):
        tree.report(file, number, "include", f"{name} is no header in {' or '.join(places)}")
    if file.startswith("src/doors/"):
        door = "/".join(file.split("/")[1:3]) + "/"
        if not name.startswith(DOOR_MAY_INCLUDE + (door,)):
            tree.report(file, number, "door", f"{door[:-1]} includes {name}: a door sees node/api, record, doors/http "
                        "and doors/text only")


def check_vendor_include(tree, file, number, quoted, name):
    if file.startswith("tests/") or quoted:
        return
    if TEST_VENDORS.match(name):
        tree.report(file, number, "vendor", f"<{name}> outside tests/")
    for pattern, places in VENDORS:
        if re.match(pattern, name) and not file.startswith(tuple(places)):
            tree.report(file, number, "vendor", f"<{name}> outside {', '.join(places)}")
    if file.endswith(".h") and SOURCES_ONLY.match(name) and not file.startswith("src/swarm/libtorrent/"):
        tree.report(file, number, "vendor", f"<{name}> in a header: only .cpp files include it")


def is_public(name):
    return name.startswith("shoal/")


def target_of(tree, file, name):
    """The file of ours that an include names, or None."""
    if is_public(name):
        return f"include/{name}" if f"include/{name}" in tree.texts else None
    folders = ["src"]
    if file.startswith("tests/"):
        folders.append("tests")
    if file.startswith("apps/"):
        folders.append("apps/shoal")
    return next((f"{folder}/{name}" for folder in folders if f"{folder}/{name}" in tree.texts), None)


def check_folders(tree):
    """Each file stands in a floor that has a place, or the next floor would begin without rules."""
    for file, _ in tree.cpp("src/", "apps/"):
        top, *rest = file.split("/")
        folder = rest[0] if len(rest) > 1 else ""
        known = folder in RANK or folder in OTHER_FOLDERS if top == "src" else folder in APPS
        if not known:
            tree.report(file, 1, "floor", f"{top}/{folder} has no place among the floors")
        elif f"{top}/{folder}" not in ROOMS and len(rest) > 2 and folder not in OTHER_FOLDERS:
            tree.report(file, 1, "room", f"{top}/{folder} has no rooms: {'/'.join(rest[1:-1])} has no place")


def check_rooms(tree):
    for file, _ in tree.cpp("src/", "apps/"):
        user = room_of(file)
        if user is None or PROGRAM.search(file):
            continue
        folder, room = user
        if room_rank(folder, room) is None:
            tree.report(file, 1, "room", f"{room or 'its own folder'} has no place in the order of {folder}'s rooms")
            continue
        for number, quoted, name in tree.includes(file):
            target = target_of(tree, file, name) if quoted else None
            used = room_of(target) if target else None
            if used is None or used[0] != folder or used[1] == room:
                continue
            rank = room_rank(folder, used[1])
            if rank is not None and rank >= room_rank(folder, room):
                tree.report(file, number, "room", f"{room or folder} includes {name}, which stands above it")


def cycles(tree):
    """Include cycles between components (x.h and x.cpp are one), each as a sorted list of components."""
    graph = {}
    for file, _ in tree.cpp("include/", "src/", "apps/"):
        component = os.path.splitext(file)[0]
        used = [target_of(tree, file, name) for _, quoted, name in tree.includes(file) if quoted or is_public(name)]
        graph.setdefault(component, set()).update(os.path.splitext(target)[0] for target in used if target)
    return [sorted(group) for group in strongly_connected(graph) if len(group) > 1]


def strongly_connected(graph):
    """Tarjan's algorithm, without recursion: groups of nodes that reach each other."""
    index, low, stack, on_stack, groups = {}, {}, [], set(), []
    for root in sorted(graph):
        work = [(root, iter(sorted(graph[root])))] if root not in index else []
        while work:
            node, edges = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
                on_stack.add(node)
            child = next((edge for edge in edges if edge in graph and (edge not in index or edge in on_stack)), None)
            if child is not None and child not in index:
                work.append((child, iter(sorted(graph[child]))))
                continue
            if child is not None:
                low[node] = min(low[node], index[child])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                group = stack[stack.index(node):]
                del stack[stack.index(node):]
                on_stack.difference_update(group)
                groups.append(group)
    return groups


def check_cycles(tree):
    """Cycles inside one room: one that leaves it holds an include that goes up, which is reported by itself."""
    for group in cycles(tree):
        if len({room_of(component) or floor_of(component) for component in group}) > 1:
            continue
        file = next(f for f in (group[0] + ".h", group[0] + ".cpp") if f in tree.texts)
        inside = [(n, name) for n, _, name in tree.includes(file) if
                  os.path.splitext(target_of(tree, file, name) or "")[0] in group[1:]]
        tree.report(file, inside[0][0] if inside else 1, "cycle", " <-> ".join(group))


def check_links(tree):
    """shoal_floor(name ... DEPENDS ...) may name lower floors only."""
    for file, text in tree.texts.items():
        if not re.fullmatch(r"src/.*CMakeLists\.txt", file):
            continue
        for call in re.finditer(r"shoal_floor\(\s*(\w+)([^)]*)\)", text):
            depends = re.search(r"\bDEPENDS\b([\w\s]*?)(?=\b(?:SOURCES|LIBRARIES)\b|$)", call.group(2))
            for used in depends.group(1).split() if depends else []:
                user = call.group(1)
                if user in RANK and used in RANK and (user == used or not may_include(user, used)):
                    tree.report(file, text.count("\n", 0, call.start()) + 1, "upward", f"{user} links to {used}")


def check_vendor_list(tree):
    """A vendor that nobody includes leaves the list (and scripts/bootstrap.sh)."""
    if "scripts/layer_rules/floors.py" not in tree.texts:
        return  # another tree than the one that the list is of
    names = [name for file, _ in tree.cpp("src/", "apps/") for _, quoted, name in tree.includes(file) if not quoted]
    for pattern, _ in VENDORS:
        if not any(re.match(pattern, name) for name in names):
            tree.report("scripts/layer_rules/floors.py", 1, "vendor", f"nobody includes {pattern}: take it out of VENDORS")

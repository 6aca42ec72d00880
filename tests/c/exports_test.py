"""libshoal_c exports what include/shoal/c.h declares, each under a version, and nothing else.

Arguments: the header, the library.
"""

import re
import subprocess
import sys

header, library = sys.argv[1:]
declared = set(re.findall(r"^(?:shoal_code|const char\*|void) (shoal_\w+)\(", open(header, encoding="utf-8").read(),
                          re.M))
listing = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
exported = set(re.findall(r"^[0-9a-f]+ T (\S+)$", listing, re.M))
other = [line for line in listing.splitlines() if " T " not in line and not re.search(r" A SHOAL_C_[\d.]+$", line)]
assert len(declared) > 30, declared
assert exported == {f"{name}@@SHOAL_C_0.1" for name in declared}, exported ^ {f"{n}@@SHOAL_C_0.1" for n in declared}
assert not other, other

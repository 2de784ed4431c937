#!/usr/bin/env python3
"""Tells how much of each crate the tests reach, and names the public functions that none does.

Reads what `cargo llvm-cov --json` has written. A generic function is reached if one of its
instances is.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

PUBLIC = re.compile(r"\s*pub (?:const |async )*fn (\w+)")


def crate_of(root, path):
    parts = path.relative_to(root).parts
    return parts[1] if parts[0] == "crates" and "src" in parts else None


def main(report):
    root = Path(__file__).resolve().parent.parent
    (data,) = json.loads(Path(report).read_text())["data"]
    lines = defaultdict(lambda: [0, 0])
    for file in data["files"]:
        path = Path(file["filename"])
        if path.is_relative_to(root) and (crate := crate_of(root, path)):
            summary = file["summary"]["lines"]
            lines[crate][0] += summary["covered"]
            lines[crate][1] += summary["count"]
    for crate, (covered, count) in sorted(lines.items()):
        print(f"{covered / max(count, 1):6.1%} of {count:5} lines  {crate}")

    reached = defaultdict(int)
    for function in data["functions"]:
        path = Path(function["filenames"][0])
        if path.is_relative_to(root) and crate_of(root, path):
            reached[path, function["regions"][0][0]] += function["count"]
    unreached = []
    for (path, line), count in sorted(reached.items()):
        found = PUBLIC.match(path.read_text().splitlines()[line - 1])
        if found and not count:
            unreached.append(f"{path.relative_to(root)}:{line}: {found[1]}")
    print(f"{len(unreached)} public functions that no test reaches")
    for name in unreached:
        print(f"  {name}")
    return 1 if unreached else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/env python3
"""Holds the Rust files to their sizes: each at most 300 lines, tests too, and the client in all.

The client's crate puts the others together and does little else. Its limit leaves out what only its
tests compile.
"""

import subprocess
import sys

sys.dont_write_bytecode = True

from pathlib import Path

from rust_source import read_crate, tokens, without_tests

FILE = 300
CLIENT = 3300


def lines(path):
    return path.read_text(encoding="utf-8").count("\n")


def lines_without_tests(path):
    text = path.read_text(encoding="utf-8")
    _, tests = without_tests(tokens(text))
    return text.count("\n") - sum(text.count("\n", start, end) + 1 for start, end in tests)


def main():
    root = Path(__file__).resolve().parent.parent
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.rs"], cwd=root, check=True, capture_output=True, text=True
    )
    files = [root / name for name in listed.stdout.split("\0") if name]
    sizes = {path.relative_to(root): lines(path) for path in files if path.exists()}
    large = {path: size for path, size in sizes.items() if size > FILE}
    for path, size in sorted(large.items()):
        print(f"{path}: {size} lines, {FILE} are allowed")
    client = {module.file for module in read_crate(root / "crates/comfycontrol/src/lib.rs").tree()}
    size = sum(map(lines_without_tests, client))
    print(f"{len(sizes)} files; the client has {size} lines without its tests, {CLIENT} are allowed")
    return 1 if large or size > CLIENT else 0


if __name__ == "__main__":
    sys.exit(main())

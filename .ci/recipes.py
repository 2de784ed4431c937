#!/usr/bin/env python3
"""Holds the pages of the recipes to what is built: `.ci/recipes.py`.

The fragment of `Cargo.toml` on a page is the dependencies of its package, with a git URL in place
of each path; the code on it is a piece of the package's `src/lib.rs`, as it stands there.
"""

import re
import sys

from pathlib import Path

RECIPES = Path(__file__).resolve().parent.parent / "examples/recipes"


def block(page, language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return found[0] if len(found) == 1 else None


def dependencies(manifest):
    table = re.search(r"^\[dependencies\]\n(.*?)(?:^\[|\Z)", manifest, re.MULTILINE | re.DOTALL)
    lines = re.sub(r'path = "[^"]*"', 'git = "URL"', table[1]) if table else ""
    return [line for line in lines.splitlines() if line]


def faults(recipe):
    page = (recipe / "README.md").read_text(encoding="utf-8")
    manifest = (recipe / "Cargo.toml").read_text(encoding="utf-8")
    code = (recipe / "src/lib.rs").read_text(encoding="utf-8")
    fragment, shown = block(page, "toml"), block(page, "rust")
    if fragment is None or dependencies(fragment) != dependencies(manifest):
        yield "its fragment is not the dependencies in Cargo.toml"
    if shown is None or shown not in code:
        yield "its code is not in src/lib.rs"


def main():
    recipes = sorted(path.parent for path in RECIPES.glob("*/Cargo.toml"))
    told = [f"{recipe.name}: {fault}" for recipe in recipes for fault in faults(recipe)]
    print("\n".join(told) or f"{len(recipes)} recipes are as they are built")
    return 1 if told or not recipes else 0


if __name__ == "__main__":
    sys.exit(main())

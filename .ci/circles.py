#!/usr/bin/env python3
"""Finds circles of imports between the source files of each crate: `.ci/circles.py [--self-test]`.

File A imports file B when code of A names an item that B defines: by `use`, by a path such as
`crate::x::Y` or `super::f`, or by a glob. Re-exports are followed to the file with the definition.
To re-export what a child defines is no import, unless the code next to it uses the name. Tests,
comments and literals are left out. The file of a method, which only types tell, is not seen.
"""

import sys

sys.dont_write_bytecode = True

import tempfile
from pathlib import Path

from rust_source import read_crate


def definitions(module, path, followed=frozenset()):
    """What `path` leads to from `module`: pairs (module, its item's name, or None for itself)."""
    if not path:
        return {(module, None)}
    name, rest = path[0], path[1:]
    if name == "crate":
        return definitions(module.root, rest, followed)
    if name == "self":
        return definitions(module, rest, followed)
    if name == "super":
        return definitions(module.parent, rest, followed) if module.parent else set()
    found = set()
    if name in module.children:
        found |= definitions(module.children[name], rest, followed)
        if rest:
            return found  # a function may have the same name, but leads no further
    if name in module.defined:
        found.add((module, name))
    for target, alias, source in onward(module, followed):
        if alias == name:
            found |= definitions(module, target + rest, source)
    if not found:
        for target, alias, source in onward(module, followed):
            if alias == "*":
                for origin, item in definitions(module, target[:-1], source):
                    if item is None:
                        found |= definitions(origin, path, source)
    return found


def onward(module, followed):
    """The imports of `module` that were not followed yet, each with `followed` and itself."""
    for target, alias, _ in module.uses:
        step = (module, target, alias)
        if step not in followed:
            yield target, alias, followed | {step}


def paths(words):
    """The paths in a module's code. A lone name in small letters counts only where it is called."""
    at = 0
    while at < len(words):
        before = words[at - 1] if at else ""
        path = [words[at]]
        at += 1
        if not path[0].isidentifier():
            continue
        while at + 1 < len(words) and words[at] == "::" and words[at + 1].isidentifier():
            path.append(words[at + 1])
            at += 2
        called = words[at : at + 1] in (["("], ["!"], ["::"])
        variable = len(path) == 1 and path[0].islower() and not called
        if before not in {".", "::", "fn"} and not variable:
            yield tuple(path)


def imports(module):
    """What `module` imports: pairs (module, name)."""
    for path, alias, public in module.uses:
        if alias != "*":
            for source, name in definitions(module, path):
                if not (public and source.root is module.root and source in module.tree()):
                    yield source, name
    for path in paths(module.body):
        yield from definitions(module, path)


def edges(src):
    """The files of the crate in `src`, and its imports: {file: {file: names}}."""
    roots = [src / "lib.rs", src / "main.rs", *sorted(src.glob("bin/*.rs"))]
    modules = [m for root in roots if root.exists() for m in read_crate(root).tree()]
    graph = {module.file: {} for module in modules}
    for module in modules:
        for source, name in imports(module):
            if name and source.file != module.file:
                graph[module.file].setdefault(source.file, set()).add(name)
    return graph


def circles(graph):
    """The groups of files that all lead to each other."""
    reached = {}
    for start in graph:
        ahead, reached[start] = list(graph[start]), set()
        while ahead:
            file = ahead.pop()
            if file not in reached[start]:
                reached[start].add(file)
                ahead.extend(graph[file])
    groups = {frozenset(b for b in reached[a] if a in reached[b]) for a in graph}
    return sorted(sorted(group, key=str) for group in groups if group)


def check(crates):
    """Prints the circles in all `crates`; whether there are none."""
    files = found = 0
    for crate in crates:
        graph = edges(crate / "src")
        files += len(graph)
        for group in circles(graph):
            found += 1
            print(f"{crate.name}: {len(group)} files import each other in a circle")
            for a in group:
                for b in filter(graph[a].__contains__, group):
                    here, there = (file.relative_to(crate / "src") for file in (a, b))
                    print(f"    {here} -> {there}: {', '.join(sorted(graph[a][b]))}")
    if not found:
        print(f"no circles in {files} files of {len(crates)} crates")
    return not found


# Each a crate, file by file, and the files of its circle.
SELF_TESTS = {
    "through a re-export": (
        {
            "lib.rs": "mod a;\nmod b;\npub use self::a::A as Renamed;",
            "a.rs": "use crate::b::B;\npub struct A(B);",
            "b/mod.rs": "pub struct B;\nfn f() { let _: crate::Renamed; }",
        },
        ["a.rs", "b/mod.rs"],
    ),
    "parent and child": (
        {
            "lib.rs": "mod a;",
            "a.rs": "mod b;\nuse b::B;\npub(crate) fn f(_: B) {}",
            "a/b.rs": "use super::super::{a::{self}};\n"
            "pin_project! { pub(super) struct B { x: u8 } }\nfn g() { a::f(B) }",
        },
        ["a.rs", "a/b.rs"],
    ),
    "by globs and a path": (
        {
            "lib.rs": '#[path = "other.rs"]\nmod a;\nmod b;',
            "other.rs": "use crate::b::*;\npub struct A(B);",
            "b.rs": "pub(in crate) use self::c::{C as B};\n"
            "mod c { use super::super::{a as x}; pub struct C { a: Option<Box<x::A>> } }",
        },
        ["b.rs", "other.rs"],
    ),
    "none": (
        {
            "lib.rs": "mod a;\npub use a::{A, b::B};",
            "a.rs": "//! Of [`crate::A`].\npub mod b;\npub(crate) use b::B;\npub struct A;\n"
            "/* /* */ fn f(_: B) {} */ const TEXT: &str = r#\"B \"B\" crate::a::B\"#;",
            "a/b.rs": "pub struct B(super::A);\nconst C: [char; 2] = ['\"', '\\''];",
        },
        [],
    ),
    "only in tests": (
        {
            "lib.rs": "mod a;\nmod b;\n#[cfg(test)]\nmod c;",
            "a.rs": "pub struct A;\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}",
            "b.rs": "use crate::a::A;\npub struct B(A);",
            "c.rs": "use crate::b::B;",
        },
        [],
    ),
}


def self_test():
    for name, (files, expected) in SELF_TESTS.items():
        with tempfile.TemporaryDirectory() as folder:
            for file, text in files.items():
                path = Path(folder, file)
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
            groups = circles(edges(Path(folder)))
        found = [path.relative_to(folder).as_posix() for group in groups for path in group]
        if found != expected:
            sys.exit(f"circles.py is wrong in its own test, {name}: {found}")
    print(f"{len(SELF_TESTS)} crates judged rightly")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        root = Path(__file__).resolve().parent.parent
        sources = [*root.glob("crates/*/src"), *root.glob("examples/recipes/*/src")]
        sys.exit(not check(sorted(path.parent for path in sources)))

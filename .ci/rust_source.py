"""Reads Rust source as far as the checks in this folder need it: no types, no macros expanded.

`tokens` gives the words of a text without comments and literals. `without_tests` takes away what
only tests compile. `read_crate` follows the `mod` declarations from a crate's root file.
"""

import re

SKIPPED = re.compile(
    r"""//[^\n]*|/\*                               # comments; a block comment may hold others
    |\b[bc]?r(\#*)".*?"\1                          # raw strings
    |(?:\b[bc])?"(?:\\.|[^"\\])*"                  # strings
    |(?:\bb)?'(?:\\[^u]|\\x..|\\u\{\w+\}|[^\\'])'  # characters
    |'\w+                                          # lifetimes""",
    re.DOTALL | re.VERBOSE,
)
TOKEN = re.compile(r"(?:r#)?[A-Za-z_]\w*|\d\w*|::|->|=>|\.\.=?|\S")
TEST_ONLY = re.compile(r"cfg\((test\b|all\((?!.*not\(test).*\btest\b)")
CLOSING = {"(": ")", "[": "]", "{": "}"}
DEFINING = {"const", "enum", "fn", "static", "struct", "trait", "type", "union"}
# What can stand after `const` or `static` without being the name.
NO_NAME = DEFINING | {"_", "async", "extern", "mut", "unsafe"}


class Module:
    """One module: what it defines, what it imports, and the words of its code."""

    def __init__(self, file, parent=None, name=None):
        self.file, self.parent = file, parent
        self.root = parent.root if parent else self
        self.path = parent.path + (name,) if parent else ()
        self.children = {}
        self.defined = set()
        self.uses = []  # (path, name in this module or "*", whether it is re-exported)
        self.body = []  # words outside of `use`, `mod` and attributes

    def tree(self):
        """This module and all below it."""
        yield self
        for child in self.children.values():
            yield from child.tree()


def tokens(text):
    """The words and signs of `text` as pairs (word, offset), without comments and literals."""
    blank, at = list(text), 0
    while True:
        match = SKIPPED.search(text, at)
        if not match:
            break
        at = match.end()
        depth = int(match.group() == "/*")
        while depth:
            edge = re.compile(r"/\*|\*/").search(text, at)
            depth += {"/*": 1, "*/": -1}[edge.group()] if edge else -depth
            at = edge.end() if edge else len(text)
        blank[match.start() : at] = " " * (at - match.start())
    return [(match.group(), match.start()) for match in TOKEN.finditer("".join(blank))]


def end_of(found, at):
    """The index after the bracket that closes the one at `at`."""
    closing, depth = CLOSING[found[at][0]], 0
    for index in range(at, len(found)):
        depth += {found[at][0]: 1, closing: -1}.get(found[index][0], 0)
        if depth == 0:
            return index + 1
    return len(found)


def end_of_attribute(found, at):
    """The index after the attribute at `at`, or `at` where none stands."""
    if found[at][0] != "#":
        return at
    opening = at + (2 if found[at + 1][0] == "!" else 1)
    return end_of(found, opening) if found[opening][0] == "[" else at


def end_of_item(found, at):
    """The index after the item, statement or field at `at`."""
    while at < len(found) and end_of_attribute(found, at) > at:
        at = end_of_attribute(found, at)
    if found[at][0] == "pub":
        at = end_of(found, at + 1) if found[at + 1][0] == "(" else at + 1
    first, field = found[at][0], found[at + 1][0] == ":"
    to_semicolon = first in {"use", "let", "static", "type"} or (
        first == "const" and found[at + 1][0] not in DEFINING
    )
    while at < len(found):
        word = found[at][0]
        if word in CLOSING:
            at = end_of(found, at)
            if word == "{" and not to_semicolon:
                return at
        elif word == "}":
            return at
        elif word == ";" or (word == "," and field):
            return at + 1
        else:
            at += 1
    return at


def without_tests(found):
    """`found` without what is test-only, and the ranges of offsets that this takes away."""
    kept, ranges, at = [], [], 0
    while at < len(found):
        end = end_of_attribute(found, at)
        attribute = "".join(word for word, _ in found[at:end])
        if end > at and TEST_ONLY.search(attribute):
            whole = attribute.startswith("#!")
            end = len(found) if whole else end_of_item(found, at)
            ranges.append((found[at][1], found[end - 1][1] + 1))
        else:
            end = max(end, at + 1)
            kept.extend(found[at:end])
        at = end
    return kept, ranges


def read_crate(root):
    """The root module of the crate that begins in the file `root`; tests are left out."""
    module = Module(root)
    read_file(module, root.parent)
    return module


def read_file(module, folder):
    text = module.file.read_text(encoding="utf-8")
    read_items(module, folder, without_tests(tokens(text))[0], text)


def read_items(module, folder, found, text):
    """Takes the items of `found` into `module`, whose files lie in `folder`."""
    at, path, inside = 0, None, []
    while at < len(found):
        word, offset = found[at]
        following = found[at + 1][0] if at + 1 < len(found) else ""
        after = found[at + 2][0] if at + 2 < len(found) else ""
        items = not any(inside)  # whether items stand here, and not the inside of one
        end = end_of_attribute(found, at)
        if end > at:
            given = re.match(r'#\s*\[\s*path\s*=\s*"([^"]+)"', text[offset:])
            path = given.group(1) if given else path
        elif word == "use" and following not in {"<", ""}:
            end = end_of_item(found, at)
            public = at > 0 and found[at - 1][0] in {"pub", ")"}
            words = [word for word, _ in found[at + 1 : end - 1]]
            module.uses += [use + (public,) for use in imports(words)]
        elif items and word == "mod" and after in {";", "{"}:
            child = module.children[following] = Module(module.file, module, following)
            if after == "{":
                end = end_of(found, at + 2)
                read_items(child, folder / following, found[at + 3 : end - 1], text)
            else:
                end = at + 3
                places = [folder / f"{following}.rs", folder / following / "mod.rs"]
                child.file = next(filter(lambda place: place.exists(), places), places[0])
                below = folder / following
                if path:
                    child.file = module.file.parent / path
                    below = child.file.parent
                read_file(child, below)
            path = None
        else:
            end = at + 1
            if word in CLOSING:
                # In the braces of `pin_project! { … }` stand items.
                macro = at > 1 and found[at - 1][0] == "!" and found[at - 2][0] != "macro_rules"
                inside.append(not (items and macro and word == "{"))
            elif word in CLOSING.values() and inside:
                inside.pop()
            elif items and word in DEFINING and following not in NO_NAME:
                module.defined.add(following)
            elif items and word == "macro_rules" and following == "!":
                module.defined.add(after)
                end = end_of(found, at + 3)
            module.body += [word for word, _ in found[at:end]]
        at = end


def imports(words, before=()):
    """The imports of a use tree as pairs (path, name)."""
    plain = words[: words.index("{")] if "{" in words else words
    path = before + tuple(word for word in plain if word not in {"::", "$"})
    if plain is not words:
        branch, depth = [], 0
        for word in words[len(plain) + 1 :]:
            depth += {"{": 1, "}": -1}.get(word, 0)
            if depth < 0 or (depth == 0 and word == ","):
                yield from imports(branch, path)
                branch = []
            else:
                branch.append(word)
    elif words:
        renamed = path[-1] if "as" in words else None
        path = path[:-2] if renamed else path
        path = path[:-1] if path[-1] == "self" and len(path) > 1 else path
        yield path, renamed or path[-1]

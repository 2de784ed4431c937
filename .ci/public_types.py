#!/usr/bin/env python3
"""Holds the public API of each crate to the foreign crates that it may name: `[--self-test]`.

A user of a crate depends on the foreign types that its API shows, and on their versions. This
reads the listings `crates/*/public-api.txt`, which `.ci/run api` keeps true, line by line:
functions, fields, impls and what is re-exported.
"""

import re
import sys
from pathlib import Path

OURS = {
    "comfycontrol-body",
    "comfycontrol-core",
    "comfycontrol-encoding",
    "comfycontrol-error",
    "comfycontrol-priority",
    "comfycontrol-rate-limit",
    "comfycontrol-retry",
    "comfycontrol-timeout",
    "comfycontrol-token",
    "comfycontrol-trace",
    "comfycontrol-transport",
}
BODIES = {"bytes", "http", "http-body"}
LAYERS = {"http", "tower-layer", "tower-service"}

# What the API of each crate may name, apart from itself and the standard library.
ALLOWED = {
    "comfycontrol-core": {"bytes", "http", "http-body-util", "tokio"},
    "comfycontrol-body": BODIES | {"comfycontrol-core", "futures-core"},
    "comfycontrol-encoding": BODIES | LAYERS | {"comfycontrol-core"},
    "comfycontrol-error": BODIES | LAYERS | {"comfycontrol-core", "serde"},
    "comfycontrol-rate-limit": LAYERS | {"comfycontrol-core", "futures-core", "tokio"},
    "comfycontrol-priority": LAYERS | {"comfycontrol-rate-limit"},
    "comfycontrol-dashboard": BODIES
    | LAYERS
    | {"comfycontrol-priority", "comfycontrol-rate-limit", "comfycontrol-token"},
    "comfycontrol-rate-limit-file": {"comfycontrol-rate-limit"},
    "comfycontrol-rate-limit-redis": {"comfycontrol-rate-limit"},
    "comfycontrol-retry": BODIES | LAYERS | {"comfycontrol-core"},
    "comfycontrol-timeout": LAYERS | {"comfycontrol-core", "http-body", "tokio"},
    "comfycontrol-token": LAYERS | {"comfycontrol-core"},
    "comfycontrol-trace": LAYERS | {"comfycontrol-core", "http-body"},
    "comfycontrol-transport": BODIES
    | {"comfycontrol-core", "hyper", "hyper-util", "rustls", "tower-service"},
    "comfycontrol": OURS
    | BODIES
    | LAYERS
    | {"comfycontrol-rate-limit-file", "futures-core", "serde", "tokio"},
    "comfycontrol-api": OURS
    | BODIES
    | {"comfycontrol", "futures-core", "jiff", "serde", "serde-json"},
    "comfycontrol-gateway": OURS | BODIES | {"comfycontrol", "tower-service"},
    "comfycontrol-emulator": BODIES | {"tokio", "tower-service"},
}

# What a single item may name in addition: (crate, foreign crate) -> item.
EXCEPTIONS = {
    # tower's own trait is all that the item is for; it stands behind the feature `retry`.
    ("comfycontrol-token", "tower"): "comfycontrol_token::ResendReplaced",
    # It reads a part of a JSON document that was taken apart before.
    ("comfycontrol-error", "serde-json"): "comfycontrol_error::InvalidJson::read_value",
}

STANDARD = {"alloc", "core", "std"}
# Listings name the crate that defines a type.
KNOWN_AS = {"serde-core": "serde"}
# What `pin_project!` writes into each impl of `Unpin`, which no code can name.
MADE_BY_MACRO = re.compile(r"\bpin_project_lite::__private::")
# The beginning of a path, or the last name of a line that re-exports.
NAMED = re.compile(r"(?<![\w:>])([a-z_]\w*)(?=::)|^pub use .*?(\w+)$")


def foreign(line, packages):
    """The crates that `line` of a listing names, as their packages are called."""
    for first, exported in NAMED.findall(MADE_BY_MACRO.sub("", line)):
        name = (first or exported).replace("_", "-")
        # Of a re-export under another name the listing does not say where it is from.
        if (first or name in packages) and name not in STANDARD:
            yield KNOWN_AS.get(name, name)


def faults(crate, listing, packages):
    """The foreign crates that `crate` may not name, each with the first line and their number."""
    found = {}
    for line in listing.splitlines():
        for name in foreign(line, packages):
            item = EXCEPTIONS.get((crate, name))
            excepted = item and re.search(rf"\b{item}\b", line)
            if name != crate and name not in ALLOWED[crate] and not excepted:
                found.setdefault(name, []).append(line)
    return found


def check(root):
    """Prints what is not allowed; whether there is nothing of it."""
    lock = (root / "Cargo.lock").read_text(encoding="utf-8")
    packages = set(name.replace("_", "-") for name in re.findall(r'^name = "(.*)"$', lock, re.M))
    listings = sorted(root.glob("crates/*/public-api.txt"))
    good = True
    for path in listings:
        crate = path.parent.name
        if crate not in ALLOWED:
            print(f"{crate}: .ci/public_types.py does not say which crates its API may name")
            good = False
            continue
        found = faults(crate, path.read_text(encoding="utf-8"), packages)
        for name, lines in sorted(found.items()):
            print(f"{crate}: {name} is in its public API, in {len(lines)} lines, first of all:")
            print(f"    {lines[0]}")
            good = False
    if good:
        print(f"no foreign crate in {len(listings)} APIs but those allowed")
    return good


# Each a crate, a line of its listing, and what in it is not allowed.
SELF_TESTS = [
    ("comfycontrol-core", "pub fn comfycontrol_core::f(&http::HeaderMap) -> core::f::X", []),
    ("comfycontrol-core", "pub fn comfycontrol_core::f(&hyper::Error)", ["hyper"]),
    ("comfycontrol-core", "impl<B> tower_layer::Layer<B> for X", ["tower-layer"]),
    ("comfycontrol-core", "impl<S> X for comfycontrol_core::Y<<S as h2::Z>::Error>", ["h2"]),
    ("comfycontrol-core", "impl !core::marker::Send for &comfycontrol_core::X<'_>", []),
    ("comfycontrol-error", "pub type X = comfycontrol_core::Escaped", []),
    ("comfycontrol-error", "pub type X = comfycontrol_token::Y", ["comfycontrol-token"]),
    ("comfycontrol-error", "impl Y for X where pin_project_lite::__private::Pinned<Y>: Z", []),
    ("comfycontrol-error", "pub type X = pin_project_lite::Y", ["pin-project-lite"]),
    ("comfycontrol-token", "impl tower::Policy<X> for comfycontrol_token::ResendReplaced", []),
    ("comfycontrol-token", "impl tower::Policy<X> for comfycontrol_token::Other", ["tower"]),
    ("comfycontrol", "pub fn comfycontrol::f<T: serde_core::de::DeserializeOwned>() -> T", []),
    ("comfycontrol", "pub use comfycontrol::transport::rustls", ["rustls"]),
    ("comfycontrol", "pub use comfycontrol::<<hyper::*>>", ["hyper"]),
    ("comfycontrol", "pub use comfycontrol::Deadline", []),
    ("comfycontrol", "pub type X = tower_http::Trace<hyper::Y>", ["hyper", "tower-http"]),
]


def self_test():
    for crate, line, expected in SELF_TESTS:
        found = sorted(faults(crate, line, {"rustls"}))
        if found != expected:
            sys.exit(f"public_types.py is wrong in its own test: {found} in {line}")
    print(f"{len(SELF_TESTS)} lines judged rightly")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        sys.exit(not check(Path(__file__).resolve().parent.parent))

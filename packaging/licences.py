"""Prints the licences of what the tool and the library are made of: `python3 packaging/licences.py > THIRD-PARTY.txt`.

Every crate that is linked into the tool, which has all that the library has, with its licence and the texts that lie in
its source; equal texts are printed once. Fails where a crate brings none.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|COPYRIGHT|UNLICENSE)", re.IGNORECASE)


def run(*line):
    return subprocess.run(line, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked():
    """What is used only to build or to test is not shipped; `cargo tree` knows, `cargo metadata` says where it lies."""
    tree = run("cargo", "tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}")
    names = {tuple(line.split()[:2]) for line in tree.splitlines() if not line.startswith("libhfx ")}
    packages = json.loads(run("cargo", "metadata", "--locked", "--format-version", "1"))["packages"]
    return [package for package in packages if (package["name"], "v" + package["version"]) in names]


def texts(package):
    folder = Path(package["manifest_path"]).parent
    found = {path for path in folder.iterdir() if path.is_file() and NAMES.match(path.name)}
    if package["license_file"]:
        found.add(folder / package["license_file"])
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in sorted(found)]


def main():
    packages = linked()
    users, missing = {}, []
    print("hfx is made of the Rust standard library (MIT OR Apache-2.0) and of these packages:\n")
    for package in packages:
        name = f"{package['name']} {package['version']}"
        print(f"  {name}: {package['license'] or 'see its text'}")
        found = texts(package)
        for text in found:
            users.setdefault(text, []).append(name)
        if not found:
            missing.append(name)
    for text, names in users.items():
        print(f"\n{'=' * 78}\n{', '.join(names)}\n{'=' * 78}\n\n{text}")
    if missing:
        sys.exit(f"no licence text in the source of {', '.join(missing)}")


main()

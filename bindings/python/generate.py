"""Makes hfx/_native.py from include/hfx.h: `python generate.py` writes it, `--check` fails when it is out of date."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADER = HERE.parent.parent / "include" / "hfx.h"
OUTPUT = HERE / "hfx" / "_native.py"

SCALARS = {
    "void": "None",
    "hfx_status": "c_int32",
    "int32_t": "c_int32",
    "uint32_t": "c_uint32",
    "int64_t": "c_int64",
    "uint64_t": "c_uint64",
    "size_t": "c_size_t",
    "char *": "c_char_p",
    "char **": "POINTER(c_char_p)",
    "void *": "c_void_p",
}
DESTROY = "void (*destroy)(void *user)"

HEAD = '''"""Declarations of libhfx: constants, and functions with their types. By generate.py, of include/hfx.h."""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any
'''


def ctype(text: str, callbacks: dict) -> str:
    """The ctypes name of a C type; handles are all `c_void_p`."""
    text = re.sub(r"\bconst\b", "", text)
    text = re.sub(r"\s+", " ", re.sub(r"\s*\*", "*", text)).strip()
    stars = text.count("*")
    name = text.replace("*", "").strip()
    plain = f"{name} {'*' * stars}".strip()
    if plain in SCALARS:
        return SCALARS[plain]
    if name in SCALARS and stars == 1:
        return f"POINTER({SCALARS[name]})"
    if name in callbacks and stars == 0:
        return name
    if name.startswith("hfx_") and stars in (1, 2):
        return "c_void_p" if stars == 1 else "POINTER(c_void_p)"
    raise ValueError(f"no ctypes type for `{text}`")


def parameters(text: str, callbacks: dict) -> list[str]:
    types = []
    text = text.replace(DESTROY, "hfx_destroy_fn destroy")
    for parameter in text.split(","):
        parameter = " ".join(parameter.split())
        if parameter != "void":
            types.append(ctype(re.sub(r"\w+$", "", parameter), callbacks))
    return types


def generate(header: str) -> str:
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    lines = [HEAD]
    for name, value in re.findall(r"^#define (HFX_\w+) (\d+)$", text, flags=re.M):
        lines.append(f"{name} = {value}")
    parts = re.findall(r"^#define HFX_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", text, flags=re.M)
    lines.append(f'\n# That of the header, and of this package.\nVERSION = "{".".join(parts)}"')
    callbacks = {"hfx_destroy_fn": "CFUNCTYPE(None, c_void_p)"}
    for returns, name, given in re.findall(r"typedef (\w+) \(\*(\w+)\)\((.*?)\);", text, flags=re.S):
        types = ", ".join([ctype(returns, callbacks), *parameters(given, callbacks)])
        callbacks[name] = f"CFUNCTYPE({types})"
    lines += ["", *(f"{name} = {value}" for name, value in callbacks.items())]
    for fields, name in re.findall(r"^typedef struct \{(.*?)\} (\w+);", text, flags=re.S | re.M):
        lines += ["", "", f"class {name}(Structure):", "    _fields_ = ["]
        for field in fields.split(";")[:-1]:
            kind, field = re.fullmatch(r"\s*(.*?)(\w+)\s*", field, flags=re.S).groups()
            lines.append(f'        ("{field}", {ctype(kind, callbacks)}),')
        lines += ["    ]", ""]
    text = re.sub(r"^typedef struct \{.*?^\}.*?$", "", text, flags=re.S | re.M)
    text = re.sub(r"^(#|typedef|extern).*$", "", text, flags=re.M)
    functions = re.findall(r"([\w\s]+?[\s*]+)(hfx_\w+)\(((?:[^()]|\([^()]*\))*)\);", text)
    lines += [
        "",
        "# Each function: what it returns, and its arguments.",
        "FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {",
    ]
    for returns, name, given in functions:
        types = ", ".join(parameters(given, callbacks))
        lines.append(f'    "{name}": ({ctype(returns, callbacks)}, [{types}]),')
    return "\n".join([*lines, "}", ""])


def main() -> int:
    made = generate(HEADER.read_text(encoding="utf-8"))
    if "--check" not in sys.argv[1:]:
        OUTPUT.write_text(made, encoding="utf-8")
        return 0
    if OUTPUT.read_text(encoding="utf-8") == made:
        return 0
    print(f"{OUTPUT} is not what {HEADER} says: run generate.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""Options, by the names of the library's table: `Options(cache_dir="...", max_connections=8)`."""

from __future__ import annotations

import os
from ctypes import byref, c_char_p, c_int64
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Optional

from . import _native as n
from ._library import Handle, call, lib, make, strings, text, utf8

_TYPES = {
    n.HFX_TYPE_BOOL: "bool",
    n.HFX_TYPE_INT: "int",
    n.HFX_TYPE_STRING: "string",
    n.HFX_TYPE_SECRET: "secret",
    n.HFX_TYPE_LIST: "list",
    n.HFX_TYPE_CHOICE: "choice",
}


@dataclass(frozen=True)
class Option:
    """One row of the table of options."""

    id: int
    name: str
    type: str
    doc: str
    default: str
    minimum: Optional[int]
    maximum: Optional[int]
    per_job: bool
    environment: tuple[str, ...]
    choices: tuple[str, ...]


def _list(function: Any, *arguments: Any) -> list[str]:
    """All that a getter by index has."""
    found: list[str] = []
    while (value := function(*arguments, len(found))) is not None:
        found.append(text(value))
    return found


def _row(pointer: int) -> Option:
    low, high = c_int64(), c_int64()
    lib.hfx_option_bounds(pointer, byref(low), byref(high))
    kind = _TYPES.get(lib.hfx_option_type(pointer), "string")
    return Option(
        id=lib.hfx_option_id(pointer),
        name=text(lib.hfx_option_name(pointer)),
        type=kind,
        doc=text(lib.hfx_option_doc(pointer)),
        default=text(lib.hfx_option_default(pointer)),
        minimum=low.value if kind == "int" else None,
        maximum=high.value if kind == "int" else None,
        per_job=bool(lib.hfx_option_per_job(pointer)),
        environment=tuple(_list(lib.hfx_option_env, pointer)),
        choices=tuple(_list(lib.hfx_option_choice, pointer)),
    )


TABLE: dict[str, Option] = {
    row.name: row for row in (_row(lib.hfx_option_at(index)) for index in range(lib.hfx_option_count()))
}


class Options(Handle):
    """A set of options: one thread at a time. What is None is not set."""

    FREE = "hfx_options_free"

    def __init__(self, _pointer: Optional[int] = None, **options: Any) -> None:
        super().__init__(_pointer or make(lib.hfx_options_new))
        self.update(**options)

    @classmethod
    def from_env(cls, **options: Any) -> Options:
        """As the environment says (HF_HOME, HF_TOKEN, HF_ENDPOINT, proxies, ...); `options` lie over it."""
        return cls(make(lib.hfx_options_from_env), **options)

    @classmethod
    def from_vars(cls, variables: Mapping[str, str], **options: Any) -> Options:
        """As `from_env`, from these variables in place of the process's environment."""
        names, values = list(variables), list(variables.values())
        return cls(make(lib.hfx_options_from_vars, strings(names), strings(values), len(names)), **options)

    def copy(self) -> Options:
        return Options(make(lib.hfx_options_clone, self))

    def update(self, **options: Any) -> None:
        for name, value in options.items():
            if value is not None:
                self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        """A list takes the place of what the option held, an empty one too; text for a number is read as `64M`."""
        row = _known(name)
        if row.type == "list":
            texts = list(_texts(value))
            call(lib.hfx_options_set_strings, self, row.id, strings(texts), len(texts))
        elif isinstance(value, bool) and row.type == "bool":
            call(lib.hfx_options_set_bool, self, row.id, value)
        elif isinstance(value, int) and not isinstance(value, bool) and row.type == "int":
            call(lib.hfx_options_set_int, self, row.id, value)
        elif isinstance(value, (str, os.PathLike)):
            call(lib.hfx_options_set_by_name, self, utf8(name), utf8(os.fspath(value)))
        else:
            raise TypeError(f"option {name} is a {row.type}, not {value!r}")

    def __delitem__(self, name: str) -> None:
        call(lib.hfx_options_unset, self, _known(name).id)

    def __getitem__(self, name: str) -> str:
        """What it holds, as text; a secret shows as `***`."""
        out = c_char_p()
        call(lib.hfx_options_get, self, _known(name).id, byref(out))
        return text(out.value)


def _known(name: str) -> Option:
    if name not in TABLE:
        raise TypeError(f"hfx has no option {name!r}; it has {', '.join(TABLE)}")
    return TABLE[name]


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [f"{name}: {text}" for name, text in value.items()]
    return value

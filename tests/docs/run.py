#!/usr/bin/env python3
"""Runs what the guide (docs/*.md) and README.md show, page by page, against a Hub on this machine.

    run.py [--library FOLDER] [--tool FILE] [--keep] [PAGE...]

FOLDER has libhfx.so and libhfx.a (default: target/release), FILE is hfx (default: the one beside them). Each
page has a home, a folder and a Hub of its own, furnished by `furnish`. Its fenced blocks run in their order:

- sh: as one shell script that must end well. What it exports, and the folder it ends in, holds for the next.
- console: lines behind `$ ` are commands, the others are their output; `...` stands for any text. A command
  must end well, but where the next one is `echo $?`.
- c, cpp, go, python: a program, compiled and run. One without a `main` is put into around.* of this folder.
- others (text, json, cmake, ...): kept as a file, or for the eye.

Comments above a block, which no reader sees, say what is odd about it:
    <!-- skip: REASON -->       not run; counted and listed
    <!-- needs: NAME -->        run where there is such a command or Python module; else skipped
    <!-- setup: COMMANDS -->    done before it
    <!-- file: NAME -->         saved under that name, not run
    <!-- args: A B -->          the program's arguments
    <!-- background: PORT -->   a command that goes on; the next block runs once something listens on PORT
    <!-- from: FILE -->         not run, but quoted from a file that another test runs
    <!-- output -->             (text) what the block before printed
In all blocks the Hub's address stands for https://huggingface.co, free ports for 8080 and 8081, the page's
home for /home/you, where what `make install` installs lies in .local.
"""
import argparse
import os
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MARKS = "skip|needs|setup|file|args|background|from|output"
LIMIT = 300  # seconds for one block: an end for what hangs


@dataclass
class Block:
    page: Path
    line: int
    language: str
    text: str
    marks: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.page.relative_to(ROOT)}:{self.line} ({self.language or 'no language'})"


class Failed(Exception):
    pass


def blocks(page):
    """The fenced blocks of a page, with the comments right above each."""
    found, marks, lines = [], {}, page.read_text().split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        fence = re.match(r"( *)```(\S*)", line)
        if fence:
            begin, body = number, []
            while lines[number].strip() != "```":
                body.append(lines[number][len(fence[1]) :])
                number += 1
            number += 1
            language = fence[2].split(",")[0]
            found.append(Block(page, begin, language, "\n".join(body) + "\n", marks))
            marks = {}
        elif mark := re.fullmatch(rf"<!-- ({MARKS})(?:: (.*))? -->", line):
            marks[mark[1]] = mark[2] or ""
        elif line.strip():
            marks = {}
    return found


def gguf(path):
    """A GGUF file that says of which architecture it is, and has no tensors."""

    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()

    path.parent.mkdir(parents=True, exist_ok=True)
    pairs = {"general.architecture": "llama", "general.name": path.stem}
    body = b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in pairs.items())
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + body)


def furnish(hub):
    """The repositories that the pages name, small."""
    config = '{\n  "architectures": ["Qwen3ForCausalLM"],\n  "model_type": "qwen3"\n}\n'
    header = b'{"a":{"dtype":"U8","shape":[3145728],"data_offsets":[0,3145728]}}'
    tensors = struct.pack("<Q", len(header)) + header + bytes(range(256)) * (3145728 // 256)
    for name in ["Qwen/Qwen3-0.6B", "owner/name"]:
        model = hub / "models" / name
        model.mkdir(parents=True)
        (model / "config.json").write_text(config)
        (model / "tokenizer.json").write_text('{"version": "1.0"}\n')
        (model / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
        (model / "model.safetensors").write_bytes(tensors)
    (hub / "models/owner/name/tokenizer").mkdir()
    (hub / "models/owner/name/tokenizer/vocab.json").write_text("{}\n")
    gguf(hub / "models/owner/name/model.gguf")
    for quant in ["Q4_K_M", "Q8_0"]:
        gguf(hub / f"models/ggml-org/gemma-3-4b-it-GGUF/gemma-3-4b-it-{quant}.gguf")
    gguf(hub / "models/ggml-org/gemma-3-4b-it-GGUF/mmproj-model-f16.gguf")
    data = hub / "datasets/stanfordnlp/imdb/plain_text"
    data.mkdir(parents=True)
    (data / "train.parquet").write_bytes(b"PAR1" + bytes(500_000) + b"PAR1")
    (data / "test.parquet").write_bytes(b"PAR1" + bytes(400_000) + b"PAR1")
    (hub / "datasets/owner/name/data").mkdir(parents=True)
    (hub / "datasets/owner/name/data/a.parquet").write_bytes(b"PAR1" + bytes(1000) + b"PAR1")


def free_ports():
    """A port of its own for each that pages name."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return {"8080": first.getsockname()[1], "8081": second.getsockname()[1]}


def matches(expected, output):
    """Whether these lines stand in the output, in their order; `...` is any text."""
    at, lines = 0, output.split("\n")
    for want in expected:
        if want.strip() in ("", "..."):
            continue
        pattern = ".*".join(re.escape(part) for part in want.rstrip().split("..."))
        while at < len(lines) and not re.search(f"^{pattern}$", lines[at].rstrip()):
            at += 1
        if at == len(lines):
            return want
        at += 1
    return None


class Machine:
    """What all pages share: an installed tree, and where the compilers are."""

    def __init__(self, library, tool, folder):
        self.folder, self.prefix = folder, folder / "prefix"
        for name in ["make", "cc", "c++", "pkg-config", "bash", "git"]:
            if not shutil.which(name):
                raise Failed(f"{name} is needed: ./setup.sh installs it, or says how")
        subprocess.run(
            ["make", "-s", "install-files", f"LIBDIR_FROM={library}", f"PREFIX={self.prefix}"],
            cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        shutil.copy(tool, self.prefix / "bin/hfx")
        oracle = ROOT / "build/oracle-venv/bin/python"
        self.python = str(oracle if oracle.exists() else sys.executable)
        self.python_folder = folder / "python"
        self.python_folder.mkdir()
        for name in ["python", "python3"]:
            script = self.python_folder / name
            script.write_text(f'#!/bin/sh\nexec {shlex.quote(self.python)} "$@"\n')
            script.chmod(0o755)

    def has(self, name):
        """Whether there is such a command or Python module."""
        module = [self.python, "-c", f"import {name}"]
        return shutil.which(name) or not subprocess.run(module, stderr=subprocess.DEVNULL).returncode

    def environment(self, home):
        keep = ["LANG", "TERM", "CC", "CXX", "GOPATH", "GOFLAGS", "GOPROXY"]
        env = {name: os.environ[name] for name in keep if name in os.environ}
        old_home = os.environ.get("HOME", "/root")
        return env | {
            "HOME": str(home),
            "PATH": f"{self.prefix}/bin:{self.python_folder}:{os.environ['PATH']}",
            "GOCACHE": os.environ.get("GOCACHE", f"{old_home}/.cache/go-build"),
            "PYTHONPATH": str(ROOT / "bindings/python"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HFX_LIBRARY": f"{self.prefix}/lib/libhfx.so",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }


class Page:
    """One page's home, folder and Hub."""

    def __init__(self, machine, page):
        self.machine = machine
        base = machine.folder / page.stem
        self.home, self.work, self.state = base / "home", base / "work", base / "state"
        for folder in [self.home, self.work, self.state]:
            folder.mkdir(parents=True)
        for name in ["bindings", "examples", "include"]:  # pages speak of the tree as seen from its root
            (self.work / name).symlink_to(ROOT / name)
        (self.home / ".local").symlink_to(machine.prefix)  # where pages install to
        furnish(base / "hub")
        self.env = machine.environment(self.home)
        self.groups, self.output, self.number = [], "", 0
        self.ports = free_ports()
        said = self.state / "hub.out"
        self.start(
            [machine.prefix / "bin/hfx", "serve", base / "hub", "--control", "--lfs-threshold", "100K",
             "--multipart-from", "2M", "--chunk-size", "1M"], said,
        )  # fmt: skip
        self.wait_for(lambda: said.read_text().startswith("HF_ENDPOINT="), "the local Hub")
        self.endpoint = re.match(r"HF_ENDPOINT=(\S+)", said.read_text())[1]
        self.env["HF_ENDPOINT"] = self.endpoint

    def start(self, command, output, **more):
        with output.open("wb") as to:
            process = subprocess.Popen(
                command, cwd=self.work, env=self.env | more, stdin=subprocess.DEVNULL, stdout=to,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.groups.append(process)
        return process

    def wait_for(self, there, what):
        last = time.monotonic() + 60
        while not there():
            if self.groups[-1].poll() is not None or time.monotonic() > last:
                raise Failed(f"{what} did not start")
            time.sleep(0.02)

    def end(self):
        for process in self.groups:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def command(self, command, block, **more):
        """Runs it to its end; what it started in the background goes on until the page's end."""
        self.number += 1
        said = self.state / f"{self.number}.out"
        process = self.start(command, said, **more)
        try:
            code = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise Failed(f"{block}: not done after {LIMIT} s:\n{said.read_text(errors='replace')}") from None
        self.output = said.read_text(errors="replace")
        if code != 0:
            raise Failed(f"{block}: ended with {code}:\n{self.output}")

    def local(self, text):
        text = text.replace("https://huggingface.co", self.endpoint).replace("/home/you", str(self.home))
        return re.sub(r"\b808[01]\b", lambda port: str(self.ports[port[0]]), text)

    def run(self, block):
        if "setup" in block.marks:
            self.run_sh(block, self.local(block.marks["setup"]))
        text = self.local(block.text)
        if "file" in block.marks:
            path = self.work / block.marks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif "background" in block.marks:
            port = int(self.local(block.marks["background"]))
            self.start(["bash", "-euc", text], self.state / f"background-{block.line}.out")
            self.wait_for(lambda: listens(port), str(block))
        else:
            getattr(self, "run_" + block.language)(block, text)

    def run_sh(self, block, script):
        environment, folder = self.state / "env", self.state / "pwd"
        after = f"trap 'env -0 > {environment}; pwd > {folder}' EXIT\n"
        self.command(["bash", "-euo", "pipefail", "-c", after + script], block)
        found = dict(pair.split("=", 1) for pair in environment.read_text().split("\0") if "=" in pair)
        for name in ["_", "SHLVL", "PWD", "OLDPWD"]:
            found.pop(name, None)
        self.env, self.work = found, Path(folder.read_text().strip())

    def run_console(self, block, text):
        commands = []
        for line in text.rstrip("\n").split("\n"):
            if line.startswith("$ "):
                commands.append(([line[2:]], []))
            elif commands and commands[-1][0][-1].endswith("\\") and not commands[-1][1]:
                commands[-1][0].append(line)
            elif commands:
                commands[-1][1].append(line)
            else:
                raise Failed(f"{block}: a console block begins with a command")
        mark, script = "@@hfx-docs@@", "set +e\n"
        for lines, _ in commands:
            script += "\n".join(lines) + f"\nrc=$?; printf '\\n{mark} %d\\n' $rc; (exit $rc)\n"
        self.run_sh(block, script + "true\n")
        parts = re.split(rf"\n{mark} (\d+)\n", self.output)
        if len(parts) != 2 * len(commands) + 1:
            raise Failed(f"{block}: ended early:\n{self.output}")
        for i, (lines, expected) in enumerate(commands):
            said, code = parts[2 * i], int(parts[2 * i + 1])
            shown = i + 1 < len(commands) and commands[i + 1][0] == ["echo $?"]
            if code != 0 and not shown:
                raise Failed(f"{block}: `{lines[0]}` ended with {code}:\n{said}")
            if missing := matches(expected, said):
                raise Failed(f"{block}: `{lines[0]}` does not say `{missing}`, but:\n{said}")

    def run_text(self, block, text):
        if missing := matches(text.split("\n"), self.output):
            raise Failed(f"{block}: the block before does not say `{missing}`, but:\n{self.output}")

    def program(self, block, text, ending, whole):
        """The source of a block, with a program around it where it is none."""
        if not re.search(whole, text, flags=re.M):
            around = (HERE / f"around.{ending}").read_text()
            text = around.replace("@FRAGMENT@", text)
        self.number += 1
        source = self.state / f"block{block.line}" / f"main.{ending}"
        source.parent.mkdir(exist_ok=True)
        source.write_text(self.local(text))
        return source

    def built(self, block, source, compiler, **more):
        """Compiles a program, and runs it."""
        self.command(compiler, block, **more)
        program = [source.with_suffix(""), *shlex.split(block.marks.get("args", ""))]
        self.command(program, block, LD_LIBRARY_PATH=f"{self.machine.prefix}/lib")

    def compiled(self, block, text, ending, compiler):
        source = self.program(block, text, ending, r"^int main\(")
        flags = ["-Wall", "-Wextra", "-Werror", "-Wno-unused"]
        link = [f"-I{self.machine.prefix}/include", f"-L{self.machine.prefix}/lib", "-lhfx", "-pthread"]
        self.built(block, source, [*compiler, *flags, source, "-o", source.with_suffix(""), *link])

    def run_c(self, block, text):
        self.compiled(block, text, "c", [os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE"])

    def run_cpp(self, block, text):
        self.compiled(block, text, "cpp", [os.environ.get("CXX", "c++"), "-std=c++17"])

    def run_go(self, block, text):
        source = self.program(block, text, "go", r"^package main")
        (source.parent / "go.mod").write_text(
            "module example\n\ngo 1.24\n\nrequire github.com/hfx/hfx/bindings/go v0.0.0\n\n"
            f"replace github.com/hfx/hfx/bindings/go => {ROOT}/bindings/go\n"
        )
        # What pkg-config says is not part of Go's cache key, and the prefix is another one each time.
        paths = {
            "PKG_CONFIG_PATH": f"{self.machine.prefix}/lib/pkgconfig",
            "CGO_LDFLAGS": f"-O2 -g -L{self.machine.prefix}/lib",
        }
        build = ["go", "build", "-C", source.parent, "-o", source.with_suffix(""), "."]
        self.built(block, source, build, **paths)

    def run_python(self, block, text):
        self.command([self.machine.python, "-c", text, *shlex.split(block.marks.get("args", ""))], block)


def quoted(block):
    """Whether it stands in the file it is quoted from. Few machines have a toolchain for Swift, which
    `make test-swift` sets up: what the guide shows of it is quoted from what that runs."""
    lines = [line.strip() for line in block.text.strip().split("\n")]
    source = [line.strip() for line in (ROOT / block.marks["from"]).read_text().split("\n")]
    if not any(source[at : at + len(lines)] == lines for at in range(len(source))):
        raise Failed(f"{block}: is not in {block.marks['from']}")


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


RUN = ["sh", "console", "c", "cpp", "go", "python"]


def run_page(machine, path, count, skipped):
    page = None
    try:
        for block in blocks(path):
            needs = block.marks.get("needs", "go" if block.language == "go" else "sh")
            if "skip" in block.marks:
                skipped.append(f"{block}: {block.marks['skip']}")
            elif not machine.has(needs):
                skipped.append(f"{block}: there is no {needs} here")
            elif not block.language:
                raise Failed(f"{block}: say what it is")
            elif "from" in block.marks:
                quoted(block)
                count["quoted"] = count.get("quoted", 0) + 1
            elif block.language == "swift":
                raise Failed(f"{block}: say which file it is quoted from")
            elif block.language in RUN or {"file", "output"} & set(block.marks):
                page = page or Page(machine, path)
                page.run(block)
                count[block.language] = count.get(block.language, 0) + 1
            else:
                count["not to be run"] = count.get("not to be run", 0) + 1
    finally:
        if page:
            page.end()


def check_links(path):
    """Links within the tree lead somewhere, to a heading too."""

    def prose(page):
        return re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)

    def anchors(page):
        heads = re.findall(r"^#+ (.*)$", prose(page), flags=re.M)
        return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}

    for target in re.findall(r"\]\(([^)]+)\)", re.sub(r"`[^`\n]*`", " ", prose(path))):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        page = (path.parent / name).resolve() if name else path
        if not page.exists():
            raise Failed(f"{path.relative_to(ROOT)}: {target} leads nowhere")
        if anchor and anchor not in anchors(page):
            raise Failed(f"{path.relative_to(ROOT)}: {target}: no such heading")


def check_complete():
    """Each option is in the page on tuning, each error in the page on errors."""
    header = (ROOT / "include/hfx.h").read_text()
    for page, pattern in [("tuning.md", r"#define HFX_OPT_(\w+)"), ("errors.md", r"#define HFX_E_(\w+)")]:
        text = (ROOT / "docs" / page).read_text()
        names = re.findall(pattern, header)
        missing = [name for name in names if f"`{name}`" not in text and f"`{name.lower()}`" not in text]
        if missing:
            raise Failed(f"docs/{page} says nothing of {', '.join(missing)}")


def check_names(path):
    """What a page calls by a name of the C ABI is in the header."""
    header = set(re.findall(r"\b(?:hfx|HFX)_\w+", (ROOT / "include/hfx.h").read_text()))
    named = set(re.findall(r"\b(?:hfx|HFX)_\w*[A-Za-z0-9]\b(?![*.])", path.read_text()))
    no_names = {"HFX_OPT_NAME", "HFX_INCLUDE", "HFX_LIB", "hfx_static"}
    if unknown := sorted(named - header - no_names):
        raise Failed(f"{path.relative_to(ROOT)}: not in include/hfx.h: {', '.join(unknown)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", type=Path, default=ROOT / "target/release")
    parser.add_argument("--tool", type=Path)
    parser.add_argument("--keep", action="store_true", help="leave the pages' folders behind")
    parser.add_argument("pages", nargs="*", type=Path)
    args = parser.parse_args()
    library = args.library.resolve()
    tool = (args.tool or library / "hfx").resolve()
    every = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    pages = [page.resolve() for page in args.pages] or every
    folder = Path(tempfile.mkdtemp(prefix="hfx-docs-"))
    failures, skipped, count = [], [], {}
    try:
        if not args.pages:
            check_complete()
        machine = Machine(library, tool, folder)
        for path in pages:
            try:
                check_links(path)
                check_names(path)
                run_page(machine, path, count, skipped)
                print(f"ok: {path.relative_to(ROOT)}", flush=True)
            except Failed as failure:
                failures.append(failure)
                print(f"FAILED: {failure}", flush=True)
    finally:
        if args.keep:
            print(f"left behind: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for line in skipped:
        print(f"skipped: {line}")
    ran = ", ".join(f"{number} {language}" for language, number in sorted(count.items()))
    print(f"{len(pages)} pages; blocks: {ran}; {len(skipped)} skipped; {len(failures)} pages failed")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(f"FAILED: {failure}")

"""Power loss, moment by moment. See `make power-loss`.

Real downloads (killed, gone on with, renewed) run under strace with `durability=power`; what they wrote, renamed and
synced is replayed in a model of a disk. At every moment of it the power may go. What had been synced is there then; of
the rest, any part may be. Two file systems are modelled:

    ordered   names change in the order in which they were changed, as ext4, XFS and btrfs journal them: some first part of
              the changes since the last sync is there. fsync of a file brings its making with it, and all before that.
              Data that was not synced: any 4 KiB block of it may be there or not, and the size may be any it has had.
    harsh     every name is on its own: any of its values since its own folder was synced. fsync of a file says nothing of
              its name. A rename may have set the new name, removed the old one, both, or neither. Data tears at 512 bytes.

1. At every moment, for every value a name may have: a finished file is whole in all that could be lost, and all that a
   journal's `Synced` speaks of is on disk. This covers every state of the data, not a sample.
2. Many states drawn by chance ($STATES in all): finished files are whole, refs and links lead to such, and once a job has
   ended well all of its files are there.
3. Some of them ($RUNS) are built for real, in another boot as hfx sees it, and the job is run again: it must end well,
   with the right files, nothing left behind, and without fetching again what a journal was sure of.

Writes through a mapping (`sink=map`) are not seen by strace and not covered.
"""

import collections
import os
import random
import re
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

import lab
from lab import K, M, content, git_id, sha256

CALLS = (
    "open,openat,creat,close,dup,dup2,dup3,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,"
    "fdatasync,syncfs,sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat,symlink,symlinkat,mkdir,"
    "mkdirat,rmdir,copy_file_range,ioctl,mmap"
)
SEEN = 4096  # Bytes of a write that the trace holds; longer ones are of files whose content is known.


# --- the trace ---------------------------------------------------------------------------------------------------------


class Call:
    """A system call, from its entry to its return."""

    def __init__(self, name, words, result):
        self.name, self.words, self.result = name, words, result


def text(word):
    """A string as strace -xx prints it."""
    return bytes.fromhex(word.strip().removesuffix("...").strip('"').replace("\\x", ""))


LINE = re.compile(r"^(\d+) +(.*)$")
WHOLE = re.compile(r"^(\w+)\((.*)\) += +(-?\d+|\?|0x[0-9a-f]+)")


def split(arguments):
    """Into words; what is in quotes is hexadecimal, so it holds no comma."""
    return [word.strip() for word in arguments.split(", ")]


def read_trace(path):
    """What happened, in order: ("begin" or "end", call). A call that never returned has only begun."""
    happened, open_calls = [], {}
    with open(path, encoding="ascii", errors="replace") as lines:
        for line in lines:
            thread, said = LINE.match(line).groups()
            if said.startswith(("+++", "---")):
                continue
            if said.endswith("<unfinished ...>"):
                name, arguments = said.removesuffix("<unfinished ...>").split("(", 1)
                call = Call(name, split(arguments.rstrip().rstrip(",")), None)
                open_calls[thread] = call, arguments
                happened.append(("begin", call))
            elif said.startswith("<... "):
                call, arguments = open_calls.pop(thread)
                rest = said.split("resumed>", 1)[1]
                whole = WHOLE.match(f"{call.name}({arguments}{rest}")
                if whole:
                    call.words, call.result = split(whole[2]), whole[3]
                    happened.append(("end", call))
            else:
                whole = WHOLE.match(said)
                if not whole:
                    raise SystemExit(f"a line of strace that is not understood: {said:.200}")
                call = Call(whole[1], split(whole[2]), whole[3])
                happened += [("begin", call), ("end", call)]
    return happened


# --- the disk ----------------------------------------------------------------------------------------------------------


class File:
    """What of it is on disk for sure, and what was done to it since."""

    def __init__(self):
        self.safe = bytearray()
        self.pending = []  # (offset, bytes) written, or (None, size) set.
        self.records = {}  # Short writes by their place: the records of a journal.
        self.known = None  # The content that it is to have, by its first name.
        self.size = 0

    def apply(self, op):
        offset, data = op
        if offset is None:
            del self.safe[data:]
            self.safe.extend(bytes(data - len(self.safe)))
            return
        self.safe.extend(bytes(max(0, offset + len(data) - len(self.safe))))
        self.safe[offset : offset + len(data)] = data

    def sync(self, ops):
        """These are on disk now, as far as another sync was not faster."""
        ops = {id(op) for op in ops}
        for op in self.pending:
            if id(op) in ops:
                self.apply(op)
        self.pending = [op for op in self.pending if id(op) not in ops]


class Link:
    def __init__(self, target):
        self.target = target


class Folder:
    """Names: those on disk for sure, and for each the values since, in order."""

    def __init__(self):
        self.now, self.safe, self.pending = {}, {}, []  # pending: [change, ...]


class Change:
    """A name got a value (None: was removed)."""

    def __init__(self, folder, name, value, group):
        self.folder, self.name, self.value, self.group = folder, name, value, group


class Disk:
    """Replays calls below `root`."""

    def __init__(self, root, contents):
        self.root, self.contents = str(root), contents
        self.top = Folder()
        self.files = {}  # Descriptors of the run that is replayed.
        self.positions = {}
        self.changes = []  # Names that may not be on disk, in order.
        self.groups = 0
        self.running = {}  # Calls under way: what they may be doing, and what a sync covers.

    def place(self, word, at="AT_FDCWD"):
        """The folder that a path leads into, and the name there; None for what is not below the root. A path is absolute,
        or begins at an open folder."""
        path = os.path.normpath(text(word).decode())
        folder = self.top if path.startswith("/") else self.files.get(at)
        if path.startswith("/"):
            if not path.startswith(self.root + "/"):
                return None
            path = path[len(self.root) + 1 :]
        elif not isinstance(folder, Folder):
            return None
        *above, name = path.split("/")
        for part in above:
            folder = folder.now.get(part) if isinstance(folder, Folder) else None
        return (folder, name) if isinstance(folder, Folder) else None

    def at(self, place):
        folder, name = place
        return folder if name == "." else folder.now.get(name)

    def name(self, place, value, group):
        folder, name = place
        if value is None:
            folder.now.pop(name, None)
        else:
            folder.now[name] = value
        change = Change(folder, name, value, group)
        folder.pending.append(change)
        self.changes.append(change)

    def new_group(self):
        self.groups += 1
        return self.groups

    def settle_names(self, changes):
        """These are on disk now."""
        settled = {id(change) for change in changes}
        for change in changes:
            if change.value is None:
                change.folder.safe.pop(change.name, None)
            else:
                change.folder.safe[change.name] = change.value
        for folder in {id(change.folder): change.folder for change in changes}.values():
            folder.pending = [change for change in folder.pending if id(change) not in settled]
        self.changes = [change for change in self.changes if id(change) not in settled]

    # What each call does, at its return; a sync remembers at its entry what it covers.

    def begin(self, call):
        name = call.name
        if name == "close":
            # At its entry: another thread may have the number again before it returns.
            self.files.pop(call.words[0], None)
            self.positions.pop(call.words[0], None)
        elif name in ("fsync", "fdatasync"):
            target = self.files.get(call.words[0])
            covered = list(target.pending) if target else []
            self.running[call] = target, covered, list(self.changes)
        elif name == "syncfs":
            files = self.all_files()
            self.running[call] = None, [(file, list(file.pending)) for file in files], list(self.changes)
        elif name in ("pwrite64", "write") and call.words[0] in self.files:
            # It may have done some of it already.
            self.running[call] = self.write_of(call, len(text(call.words[1])))

    def all_files(self):
        found, folders = {}, [self.top]
        while folders:
            folder = folders.pop()
            for value in [
                *folder.now.values(),
                *folder.safe.values(),
                *(change.value for change in folder.pending),
            ]:
                if isinstance(value, Folder):
                    folders.append(value)
                elif isinstance(value, File):
                    found[id(value)] = value
        return list(found.values())

    def write_of(self, call, length):
        file = self.files[call.words[0]]
        offset = int(call.words[3]) if call.name == "pwrite64" else self.positions.get(call.words[0], 0)
        data = text(call.words[1])
        if call.words[1].endswith("..."):
            if file.known is None:
                file.known = self.contents(None, data, offset)
            if file.known is None or file.known[offset : offset + len(data)] != data:
                raise SystemExit(f"a long write of {length} bytes that nothing is known of")
            data = file.known[offset : offset + length]
        return file, (offset, data)

    def end(self, call):
        name, words = call.name, call.words
        begun = self.running.pop(call, None)
        if name == "close" or call.result is None or call.result.startswith(("-", "?")):
            return
        result = call.result
        if name in ("open", "openat", "creat"):
            self.opened(call)
        elif name in ("pwrite64", "write"):
            if words[0] in self.files:
                length = int(result)
                file, op = self.write_of(call, length)
                if len(op[1]) != length:
                    op = op[0], op[1][:length]
                self.wrote(file, op)
                if name == "write":
                    self.positions[words[0]] = op[0] + length
        elif name in ("ftruncate", "fallocate") and words[0] in self.files:
            file = self.files[words[0]]
            if name == "ftruncate":
                size = int(words[1])
            else:
                grows = words[1] == "0"
                size = max(file.size, int(words[2]) + int(words[3])) if grows else file.size
            file.pending.append((None, size))
            file.size = size
        elif name in ("fsync", "fdatasync"):
            self.synced(*begun)
        elif name == "syncfs":
            for file, ops in begun[1]:
                file.sync(ops)
            self.settle_names(begun[2])
        elif name in ("rename", "renameat", "renameat2", "link", "linkat"):
            if name in ("rename", "link"):
                old, new = self.place(words[0]), self.place(words[1])
            else:
                old, new = self.place(words[1], words[0]), self.place(words[3], words[2])
            if old is not None and new is not None:
                value, group = self.at(old), self.new_group()
                self.name(new, value, group)
                if name.startswith("rename"):
                    self.name(old, None, group)
        elif name in ("unlink", "unlinkat", "rmdir"):
            place = self.place(words[1], words[0]) if name == "unlinkat" else self.place(words[0])
            if place is not None:
                self.name(place, None, self.new_group())
        elif name in ("symlink", "symlinkat"):
            place = self.place(words[2], words[1]) if name == "symlinkat" else self.place(words[1])
            if place is not None:
                self.name(place, Link(text(words[0]).decode()), self.new_group())
        elif name in ("mkdir", "mkdirat"):
            place = self.place(words[1], words[0]) if name == "mkdirat" else self.place(words[0])
            if place is not None:
                self.name(place, Folder(), self.new_group())
        elif name == "mmap":
            if "PROT_WRITE" in words[2] and "MAP_SHARED" in words[3] and words[4] in self.files:
                raise SystemExit("a file is written through a mapping, which can't be replayed")
        elif words[0] in self.files and name not in ("ioctl", "sync_file_range"):
            raise SystemExit(f"a call that is not modelled: {name}")

    def opened(self, call):
        words = call.words if call.name == "openat" else ["AT_FDCWD", *call.words]
        place, flags = self.place(words[1], words[0]), words[2]
        if place is None:
            if text(words[1]).decode() == self.root:
                self.files[call.result] = self.top
            return
        if "O_TMPFILE" in flags:
            self.files[call.result] = File()
            return
        found = self.at(place)
        if found is None and "O_CREAT" in flags:
            found = File()
            found.known = self.contents(place[1])
            found.made = self.new_group()
            self.name(place, found, found.made)
        elif "O_TRUNC" in flags and isinstance(found, File):
            found.pending.append((None, 0))
            found.size = 0
        if "O_APPEND" in flags and isinstance(found, File):
            self.positions[call.result] = found.size
        if isinstance(found, (File, Folder)):
            self.files[call.result] = found

    def wrote(self, file, op):
        offset, data = op
        file.pending.append(op)
        file.size = max(file.size, offset + len(data))
        if len(data) < 300:
            file.records.setdefault(offset, set()).add(bytes(data))

    def synced(self, target, ops, changes):
        if isinstance(target, File):
            target.sync(ops)
        elif isinstance(target, Folder):
            self.folder_synced(target, changes)

    def folder_synced(self, target, changes):
        raise NotImplementedError


class Ordered(Disk):
    """Names reach the disk in order."""

    GRAIN = 4096

    def settle_up_to(self, last, changes):
        count = max((n for n, change in enumerate(changes) if change is last), default=-1) + 1
        group = last.group
        while count < len(changes) and changes[count].group == group:
            count += 1
        still = {id(change) for change in self.changes}
        self.settle_names([change for change in changes[:count] if id(change) in still])

    def synced(self, target, ops, changes):
        super().synced(target, ops, changes)
        if isinstance(target, File):
            made = [change for change in changes if change.group == getattr(target, "made", None)]
            if made:
                self.settle_up_to(made[-1], changes)

    def folder_synced(self, target, changes):
        own = [change for change in changes if change.folder is target]
        if own:
            self.settle_up_to(own[-1], changes)

    def draw_names(self, chance, share):
        """Some first part of the changes; a rename is one."""
        groups = sorted({change.group for change in self.changes})
        count = round(share() * len(groups))
        there = set(groups[:count])
        names = {}
        for change in self.changes:
            if change.group in there:
                names[id(change.folder), change.name] = change.value
        return names


class Harsh(Disk):
    """Every name is on its own."""

    GRAIN = 512

    def folder_synced(self, target, changes):
        still = {id(change) for change in self.changes}
        self.settle_names([change for change in changes if change.folder is target and id(change) in still])

    def draw_names(self, chance, share):
        values = {}
        for change in self.changes:
            values.setdefault((id(change.folder), change.name), []).append(change.value)
        names = {}
        for key, list in values.items():
            index = round(share() * len(list))
            if index:
                names[key] = list[index - 1]
        return names


# --- a state after the power went --------------------------------------------------------------------------------------


class State:
    """What is on a disk afterwards, drawn by chance."""

    def __init__(self, disk, chance):
        self.disk, self.chance = disk, chance
        kind = chance.randrange(4)
        self.share = [lambda: 0.0, lambda: 1.0, lambda: float(chance.random() < 0.5), chance.random][kind]
        self.names = disk.draw_names(chance, self.share)
        self.drawn = {}

    def tree(self, folder=None, path=""):
        """Files and links by their paths."""
        folder = folder or self.disk.top
        names = set(folder.safe) | {change.name for change in folder.pending}
        for name in sorted(names):
            value = self.names.get((id(folder), name), folder.safe.get(name))
            if isinstance(value, Folder):
                yield f"{path}{name}/", value
                yield from self.tree(value, f"{path}{name}/")
            elif value is not None:
                yield f"{path}{name}", value

    def draw(self, file):
        """Which of its blocks are there: (size, [(offset, bytes)], [(start, end) that was lost])."""
        if id(file) in self.drawn:
            return self.drawn[id(file)]
        there, lost, sizes, size = [], [], [len(file.safe)], len(file.safe)
        under_way = [
            op
            for seen in self.disk.running.values()
            if seen[0] is file and isinstance(seen[1], tuple)
            for op in [seen[1]]
        ]
        for offset, data in [*file.pending, *under_way]:
            if offset is None:
                size = data
                sizes.append(size)
                continue
            size = max(size, offset + len(data))
            sizes.append(size)
            for start, end in self.pieces(offset, offset + len(data)):
                if self.share() >= 0.5:
                    there.append((start, data[start - offset : end - offset]))
                else:
                    lost.append((start, end))
        size = sizes[round(self.share() * (len(sizes) - 1))]
        self.drawn[id(file)] = size, there, lost
        return self.drawn[id(file)]

    def pieces(self, start, end):
        """A write, whole or torn between blocks at some places."""
        grain = self.disk.GRAIN
        first, last = start // grain + 1, (end - 1) // grain
        count = self.chance.choice([0, 0, 1, 4])
        cuts = {self.chance.randint(first, last) * grain for _ in range(count)} if first <= last else set()
        edges = [start, *sorted(cuts), end]
        return list(zip(edges, edges[1:]))

    def bytes(self, file, start=0):
        """Its content from there on."""
        size, there, _ = self.draw(file)
        data = bytearray(file.safe[start:size])
        data.extend(bytes(max(0, size - start - len(data))))
        for offset, block in there:
            cut = max(0, start - offset)
            block, offset = block[cut:], offset + cut - start
            if block and 0 <= offset < len(data):
                block = block[: len(data) - offset]
                data[offset : offset + len(block)] = block
        return bytes(data)

    def whole(self, file):
        """Whether nothing could have been lost of it."""
        return not file.pending


def records(file, trailer, size):
    """The sound records at the start of a trailer: those that are as they were once written there."""
    place = 0
    while len(trailer) >= place + 2:
        length = 2 + trailer[place + 1] + 8
        record = trailer[place : place + length]
        if record not in file.records.get(size + place, ()):
            return
        yield size + place, record[0], record[2:-8]
        place += length


def sure(file, trailer):
    """The ranges that a journal claims after a power loss, without looking at the data."""
    number = lambda payload, at: int.from_bytes(payload[at : at + 8], "little")
    ranges = {}
    for place, kind, payload in records(file, trailer, len(file.known)):
        if kind == 2:
            start, end = number(payload, 0), number(payload, 8)
            ranges = {s: r for s, r in ranges.items() if r[0] <= start or s >= end}
            ranges[start] = (end, place, False)
        elif kind == 4:
            ranges = {s: (end, p, safe or p < number(payload, 0)) for s, (end, p, safe) in ranges.items()}
        elif kind == 5:
            start, end = number(payload, 0), number(payload, 8)
            ranges = {s: r for s, r in ranges.items() if r[0] <= start or s >= end}
    return [(start, end) for start, (end, _, safe) in ranges.items() if safe]


# --- the scenes --------------------------------------------------------------------------------------------------------


class Scene:
    """A download, its repository in two versions, what of the folder is finished, and its trace."""

    def __init__(self, kind, root):
        self.kind, self.root = kind, root / kind
        self.root.mkdir()
        big = {"cache": 170 * M, "local": 6 * M, "get": 6 * M}[kind]
        first = {"big.bin": content("big", big), "config.json": content("config", 900)}
        first |= {f"text/{n}.txt": content(f"text{n}", 300 * n) for n in range(12)}
        first |= {"middle.bin": content("middle", 3 * M + 5), "empty": b""}
        second = {**first, "config.json": content("config2", 950), "middle.bin": content("middle2", 2 * M)}
        second["new/one.txt"] = content("new", 5000)
        if kind == "get":
            first, second = ({"big.bin": v} for v in (first["big.bin"], content("other", big + 17)))
        self.versions = [first, second]
        self.by_etag, self.compared, self.hub = {}, {}, None
        for files in self.versions:
            for data in files.values():
                self.by_etag[sha256(data) if len(data) >= M else git_id(data)] = data

    def serve(self, version):
        shutil.rmtree(self.hub.folder / f"models/acme/{self.kind}", ignore_errors=True)
        for path, data in self.versions[version].items():
            self.hub.put(f"models/acme/{self.kind}/{path}", data)
        return self.hub.ask(f"/api/models/acme/{self.kind}")["sha"]

    def line(self, place, version):
        parts = {} if self.kind == "cache" else {"part_size": 512 * K}
        more = ["--json", *lab.options({**lab.QUICK, **parts, "durability": "power"})]
        if self.kind == "cache":
            return [lab.HFX, "download", f"acme/{self.kind}", "--cache-dir", f"{place}/hub", *more]
        if self.kind == "local":
            return [lab.HFX, "download", f"acme/{self.kind}", "--local-dir", f"{place}/model", *more]
        # By its version's commit: the address stays what it is when the Hub moves on.
        url = f"{self.hub.endpoint}/acme/{self.kind}/resolve/main/big.bin"
        return [
            lab.HFX,
            "get",
            url,
            "--output",
            f"{place}/big.bin",
            "--sha256",
            sha256(self.versions[version]["big.bin"]),
            *more,
        ]

    def env(self, place):
        return {**os.environ, "HF_ENDPOINT": self.hub.endpoint, "HF_HOME": f"{place}/home"}

    def record(self):
        """Three runs: one that is killed half way, one that goes on, one that finds a new version."""
        self.hub = lab.Hub(self.root / "served", "--page-size", 1000)
        self.place = self.root / "place"
        self.place.mkdir()
        self.commits, self.runs = [self.serve(0)], []
        # It is slow, so that there is something to kill.
        rate = {
            "match": {"method": "GET", "port": "cdn", "times": 0},
            "do": {"rate": 20 * M if self.kind == "cache" else M},
        }
        self.hub.faults([rate])
        self.trace(0, kill=True)
        self.hub.faults([])
        self.trace(0)
        self.commits.append(self.serve(1))
        self.trace(1)

    def under_way(self):
        """Whether a first run has enough to lose: a `Synced` in the large file's journal, or half of a smaller one."""
        size = len(self.versions[0]["big.bin"])
        for path in self.place.rglob("*.incomplete"):
            try:
                with open(path, "rb") as file:
                    file.seek(size)
                    trailer = file.read(1 << 20)
            except FileNotFoundError:
                continue
            kinds, place = collections.Counter(), 0
            while place + 2 <= len(trailer) and trailer[place]:
                kinds[trailer[place]] += 1
                place += 2 + trailer[place + 1] + 8
            if kinds[4] if self.kind == "cache" else kinds[2] > 2:
                return True
        return False

    def trace(self, version, kill=False):
        out = self.root / f"trace-{len(self.runs)}"
        line = [
            "strace",
            "-f",
            "-qq",
            "--seccomp-bpf",
            "-xx",
            "-s",
            str(SEEN),
            "-e",
            f"trace={CALLS}",
            "-o",
            out,
        ]
        process = subprocess.Popen(
            [*map(str, line), *self.line(self.place, version)],
            stdout=subprocess.PIPE,
            env=self.env(self.place),
            text=True,
        )
        if kill:
            if not lab.wait_until(lambda: self.under_way() or process.poll() is not None, 60):
                raise SystemExit("the first run does not get on")
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            pid = children.read_text().split() if children.exists() else []
            if not pid:
                raise SystemExit("the first run was over before it could be killed")
            os.kill(int(pid[0]), 9)
        said = process.communicate(timeout=120)[0]
        if not kill and process.returncode != 0:
            raise SystemExit(f"a run failed: {said[-1000:]}")
        self.runs.append((version, not kill, read_trace(out)))

    def contents(self, name, data=None, offset=0):
        """What a file of that name is to hold, or one with these bytes at that place."""
        if data is not None:
            return next((c for c in self.by_etag.values() if c[offset : offset + len(data)] == data), None)
        etag = name.split(".")[0]
        if self.kind == "get" and name.startswith("big.bin"):
            return self.versions[self.version]["big.bin"]
        return self.by_etag.get(etag)

    def finished(self, path):
        """The contents that may stand under that path, or None when it is no finished file."""
        if self.kind == "cache":
            match = re.fullmatch(r"hub/models--[^/]*/blobs/([0-9a-f]{40,64})", path)
            return [self.by_etag[match[1]]] if match else None
        if self.kind == "local":
            name = path.removeprefix("model/")
            return [files[name] for files in self.versions if name in files] or None
        return [files["big.bin"] for files in self.versions] if path == "big.bin" else None

    def files(self, version):
        """The paths of a version's finished files, as the job promised them."""
        if self.kind == "cache":
            folder = f"hub/models--acme--cache/snapshots/{self.commits[version]}"
        else:
            folder = "model" if self.kind == "local" else "."
        return {os.path.normpath(f"{folder}/{path}"): data for path, data in self.versions[version].items()}

    def check(self, state, done):
        """What is wrong in a state; `done` is the version that a job has ended well with."""
        tree = dict(state.tree())
        wrong = []

        def read(path):
            value = tree.get(path)
            for _ in range(3):
                if isinstance(value, Link):
                    path = os.path.normpath(f"{os.path.dirname(path)}/{value.target}")
                    value = tree.get(path)
            return value if isinstance(value, File) else None

        for path, value in tree.items():
            if isinstance(value, File):
                allowed = self.finished(path)
                if allowed is not None and not self.holds(state, value, allowed):
                    wrong.append(f"torn: {path}")
                if value.known is not None and path.endswith(".incomplete"):
                    lost = state.draw(value)[2]
                    for start, end in sure(value, state.bytes(value, len(value.known))):
                        if any(a < end and start < b for a, b in lost) or len(value.safe) < end:
                            if state.bytes(value)[start:end] != value.known[start:end]:
                                wrong.append(f"a journal claims {start}..{end} of {path}, which is not there")
                if re.fullmatch(r"hub/[^/]*/refs/.*", path):
                    commit = state.bytes(value).decode(errors="replace")
                    if commit not in self.commits:
                        wrong.append(f"torn ref: {commit!r}")
                    elif f"hub/models--acme--cache/snapshots/{commit}/" not in tree:
                        wrong.append(f"a ref to a snapshot that is not there: {path}")
            elif isinstance(value, Link) and "/snapshots/" in path and isinstance(state.disk, Ordered):
                if read(path) is None:
                    wrong.append(f"a link that leads nowhere: {path}")
        if done is not None:
            for path, data in self.files(done).items():
                file = read(path)
                if file is None or not self.holds(state, file, [data]):
                    wrong.append(
                        f"a job had ended well, and {path} is {'not there' if file is None else 'wrong'}"
                    )
            if self.kind == "cache":
                ref = tree.get("hub/models--acme--cache/refs/main")
                # Or what a later job has made of it.
                if ref is None or state.bytes(ref).decode() not in self.commits[done:]:
                    wrong.append("a job had ended well, and its ref does not say so")
        return wrong

    def holds(self, state, file, allowed):
        """Whether it is one of these, each known by its identity."""
        if file.pending:
            size = state.draw(file)[0]
            fitting = [data for data in allowed if len(data) == size]
            return bool(fitting) and state.bytes(file) in fitting
        # What is on disk for sure does not change but by a sync; its length tells one from the other here.
        kept = self.compared.setdefault((id(file), len(file.safe), id(allowed[0])), None)
        if kept is None:
            kept = self.compared[id(file), len(file.safe), id(allowed[0])] = file.safe in allowed
        return kept

    def build(self, state, place):
        """The state as a real folder."""
        for path, value in state.tree():
            to = place / path
            if isinstance(value, Folder):
                to.mkdir(parents=True, exist_ok=True)
            elif isinstance(value, Link):
                to.symlink_to(value.target)
            else:
                to.write_bytes(state.bytes(value))

    def recover(self, state, version, place):
        """Runs the job again on a state; what is wrong afterwards, and how many bytes were fetched and claimed."""
        place.mkdir()
        self.build(state, place)
        self.serve(version)
        self.hub.control("DELETE", "requests")
        claimed = sum(
            end - start
            for path, value in state.tree()
            if isinstance(value, File) and value.known is not None and path.endswith(".incomplete")
            for start, end in sure(value, state.bytes(value, len(value.known)))
        )
        done = subprocess.run(
            self.line(place, version), capture_output=True, text=True, env=self.env(place), timeout=120
        )
        wrong = []
        if done.returncode != 0:
            wrong.append(f"it ended with {done.returncode}: {done.stdout[-600:]} {done.stderr[-600:]}")
        for path, data in self.files(version).items():
            if not (place / path).is_file() or (place / path).read_bytes() != data:
                wrong.append(f"{path} is wrong or missing")
        # In the harsh one a rename may leave the old name, which may be another machine's partial for all that hfx knows.
        # So may any partial of another boot beside a plain path, where there is no lock to ask.
        if isinstance(state.disk, Ordered) and self.kind != "get":
            wrong += lab.leftovers(place)
        if self.kind == "cache":
            wrong += lab.torn(place / "hub")
        fetched = sum(
            r["bytes_sent"]
            for r in self.hub.control("GET", "requests")
            if r["port"] == "cdn" and r["status"] in (200, 206)
        )
        total = sum(len(data) for data in self.versions[version].values() if len(data) >= M)
        # Parts that were cut at another place may cost a little.
        if claimed and fetched > total - claimed + 16 * M:
            wrong.append(f"{fetched} bytes were fetched though a journal was sure of {claimed} of {total}")
        shutil.rmtree(place)
        return wrong, fetched, claimed


def all_moments(disk, scene):
    """The first of the looks: nothing that a name may show could be lost. Exact, so it is made at every change."""
    wrong = []
    for folder, path in folders(disk.top, ""):
        values = [(name, value) for name, value in folder.safe.items()]
        values += [(change.name, change.value) for change in folder.pending]
        for name, value in values:
            if not isinstance(value, File):
                continue
            if scene.finished(path + name) is not None and value.pending:
                wrong.append(
                    f"{path}{name} may be there while {len(value.pending)} of its writes are not on disk"
                )
            if value.known is not None and name.endswith(".incomplete"):
                trailer = whole_trailer(value)
                for start, end in sure(value, trailer):
                    for offset, data in value.pending:
                        if offset is not None and offset < end and start < offset + len(data):
                            wrong.append(
                                f"a journal may claim {start}..{end} of {name} while it is not on disk"
                            )
    return wrong


def whole_trailer(file):
    """The trailer with every record that was ever written, later ones over earlier ones: it claims the most."""
    trailer, size = bytearray(), len(file.known)
    for place in sorted(place for place in file.records if place >= size):
        record = max(file.records[place], key=len)
        at = place - size
        if at <= len(trailer):
            trailer[at : at + len(record)] = record
    return bytes(trailer)


def folders(folder, path):
    yield folder, path
    seen = {}
    for name, value in [*folder.safe.items(), *((change.name, change.value) for change in folder.pending)]:
        if isinstance(value, Folder) and id(value) not in seen:
            seen[id(value)] = True
            yield from folders(value, f"{path}{name}/")


def replay(scene, model, states, runs, chance, root):
    """One scene on one file system; prints what it did and gives what is wrong."""
    disk = model(scene.place, scene.contents)
    scene.compared = {}
    total = sum(len(happened) for _, _, happened in scene.runs)
    # More of the moments around syncs and names than of those between two writes.
    busy = (
        "fsync",
        "fdatasync",
        "syncfs",
        "rename",
        "renameat",
        "renameat2",
        "ftruncate",
        "symlink",
        "symlinkat",
        "unlink",
    )
    weights = [8 if call.name in busy else 1 for _, _, happened in scene.runs for _, call in happened]
    moments = chance.choices(range(total), weights, k=states)
    # Every other state that is built is of the time around the kill, when there is most to go on with.
    first, second = (len(happened) for _, _, happened in scene.runs[:2])
    for number in range(0, runs, 2):
        moments[number] = chance.randrange(first - first // 20, first + second)
    tried = set(range(runs))
    wanted = {}
    for number, moment in enumerate(moments):
        wanted.setdefault(moment, []).append(number in tried)
    wrong, exact, done, moment, fetched, claimed, recovered = [], 0, None, 0, 0, 0, 0
    for version, ended_well, happened in scene.runs:
        scene.version = version
        disk.files, disk.positions = {}, {}
        for what, call in happened:
            (disk.begin if what == "begin" else disk.end)(call)
            if call.name in busy and what == "end":
                exact += 1
                wrong += [
                    f"{scene.kind}, {model.__name__}, moment {moment}: {w}" for w in all_moments(disk, scene)
                ]
            for for_real in wanted.get(moment, []):
                state = State(disk, chance)
                found = scene.check(state, done)
                if for_real:
                    more, got, was_sure = scene.recover(state, version, root / "rebuilt")
                    found, fetched, claimed, recovered = (
                        found + more,
                        fetched + got,
                        claimed + was_sure,
                        recovered + 1,
                    )
                wrong += [
                    f"{scene.kind}, {model.__name__}, moment {moment} ({call.name}): {w}" for w in found
                ]
            moment += 1
        # What a killed run had begun may have been done.
        for file, op in [seen for seen in disk.running.values() if isinstance(seen[1], tuple)]:
            disk.wrote(file, op)
        disk.running = {}
        if ended_well:
            done = version
            for _ in range(20):
                found = scene.check(State(disk, chance), done)
                wrong += [f"{scene.kind}, {model.__name__}, after a run: {w}" for w in found]
    print(
        f"{scene.kind}, {model.__name__.lower()}: {total // 2} calls, {exact} exact looks, {states} states drawn, "
        f"{recovered} recovered by hfx ({fetched / M:.0f} MiB fetched, {claimed / M:.0f} MiB claimed), "
        f"{len(wrong)} wrong",
        flush=True,
    )
    return wrong


def main():
    lab.into_namespace()
    if not shutil.which("strace"):
        sys.exit("needs strace: apt-get install strace")
    seed = os.environ.get("SEED") or str(random.randrange(1 << 32))
    states, runs = int(os.environ.get("STATES", 600)), int(os.environ.get("RUNS", 24))
    chance = random.Random(seed)
    root = Path(os.environ.get("SOAK_DIR") or lab.TREE / "build/soak") / f"power-{os.getpid()}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    boot, start = root / "boot_id", time.monotonic()
    boot.write_text(f"{uuid.uuid4()}\n")
    subprocess.run(["mount", "--bind", boot, "/proc/sys/kernel/random/boot_id"], check=True)
    wrong, scenes = [], [Scene(kind, root) for kind in os.environ.get("SCENES", "cache local get").split()]
    try:
        for scene in scenes:
            scene.record()
        print(f"seed {seed}: recorded in {time.monotonic() - start:.0f} s", flush=True)
        boot.write_text(f"{uuid.uuid4()}\n")
        for scene in scenes:
            for model in (Ordered, Harsh):
                wrong += replay(scene, model, states // 6, runs // 6, chance, root)
    finally:
        for scene in scenes:
            if scene.hub:
                scene.hub.stop()
    shutil.rmtree(root)
    for line, count in collections.Counter(re.sub("moment [0-9]+", "", line) for line in wrong).most_common(
        30
    ):
        print(count, line)
    print(f"{time.monotonic() - start:.0f} s")
    if wrong:
        sys.exit(f"{len(wrong)} wrong, seed {seed}")


if __name__ == "__main__":
    main()

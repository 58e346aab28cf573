"""Runs one process and measures it: wall time, CPU time, peak memory of its whole tree. And the rows that keep it."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

POLL_S = 0.005
FIND_CHILDREN_EVERY = 20  # polls
LIMIT_S = 900
MIB = 1 << 20


class Failed(Exception):
    """A measured program failed or wrote a wrong file."""


@dataclass
class Sample:
    """What one or more processes cost. Memory is the peak, in bytes."""

    wall: float
    cpu: float
    anon: int
    rss: int

    def then(self, other: "Sample") -> "Sample":
        """This process and, after it, the other one."""
        return Sample(
            self.wall + other.wall,
            self.cpu + other.cpu,
            max(self.anon, other.anon),
            max(self.rss, other.rss),
        )


class MemoryWatch(threading.Thread):
    """Polls RssAnon and VmRSS of a process and its descendants, and keeps the highest sums."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid = pid
        self.anon = 0
        self.rss = 0
        self.done = threading.Event()

    def run(self) -> None:
        tree, polls = [self.pid], 0
        while not self.done.wait(POLL_S):
            if polls % FIND_CHILDREN_EVERY == 0:
                tree = descendants(self.pid)
            polls += 1
            sizes = [memory_of(pid) for pid in tree]
            self.anon = max(self.anon, sum(anon for anon, _ in sizes))
            self.rss = max(self.rss, sum(rss for _, rss in sizes))

    def stop(self) -> None:
        self.done.set()
        self.join()


def descendants(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += descendants(int(child))
    return found


def memory_of(pid: int) -> tuple[int, int]:
    """RssAnon and VmRSS in bytes; zeros once the process is gone."""
    anon = rss = 0
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            for line in status:
                if line.startswith(b"RssAnon:"):
                    anon = int(line.split()[1]) * 1024
                elif line.startswith(b"VmRSS:"):
                    rss = int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return anon, rss


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(argv: list[str], env: dict[str, str], log: Path, watch_memory: bool = True) -> Sample:
    """Runs `argv` to its end. Its output goes to `log`; a failure shows the end of it."""
    with open(log, "wb") as out:
        start = time.perf_counter()
        child = subprocess.Popen(
            argv, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        guard = threading.Timer(LIMIT_S, kill_group, [child.pid])
        guard.start()
        watch = MemoryWatch(child.pid)
        if watch_memory:
            watch.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.perf_counter() - start
        except BaseException:
            kill_group(child.pid)
            raise
        finally:
            guard.cancel()
            if watch_memory:
                watch.stop()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise Failed(f"{argv[0]} ended with {child.returncode}: {tail(log)}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, watch.anon, watch.rss)


def tail(log: Path) -> str:
    """The end of a log as one line."""
    return " ".join(log.read_text(errors="replace").split())[-300:] or "(it said nothing)"


# ---- what is kept --------------------------------------------------------------------------------------------------


def new_row(tool) -> dict:
    """The row of a `tools.Tool` in a case."""
    return {"tool": tool.name, "checks": tool.checks, "absent": tool.absent, "error": "", "runs": []}


def sample_dict(get: Sample, check: Sample | None) -> dict:
    """One run in a row."""
    return {"get": asdict(get), "check": asdict(check) if check else None}


def absent_case(name: str, kind: str, why: str, files: int = 0) -> dict:
    row = {"tool": "all", "checks": False, "absent": why, "error": "", "runs": []}
    return {"name": name, "kind": kind, "bytes": 0, "files": files, "rows": [row]}

"""Many transfers, both ways, while everything around them breaks. See `make soak`.

A round has a Hub, a small disk, a cache that several processes share, and jobs: downloads into the cache, into folders
and to files, by hfx and by the Python client, and uploads. A plan, made from the seed and the round's number alone,
says what they are and what happens to them: faults of the Hub, kill -9 and SIGSTOP of clients and Hub, a disk that is
full for a while, jumps of the clock, a host name that points elsewhere. A job that was killed, or that ended with an
error that is no wrong one, is started again. Then it is calm: every job must end well, and everything is looked at.

    soak.py                      rounds for $SOAK_MINUTES (20), from $SEED (by chance)
    SEED=s ROUND=k soak.py       that round again
    SEED=s ROUND=k soak.py plan  prints its plan
"""

import collections
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import lab
from lab import K, M, content, git_id, sha256

HOST = "hub.test"
# How long anything may take once it is calm; far longer than any of the clients' own bounds.
PATIENCE = 120
# What a job may end with while things break. INTERNAL, IO and CORRUPT_CACHE are never right, nor is a crash.
FAIR = {
    "NETWORK", "TIMEOUT", "HTTP", "RATE_LIMITED", "PROTOCOL", "DISK_FULL", "HASH_MISMATCH", "CONTENT_CHANGED",
    "LOCKED", "CONFLICT", "INCOMPLETE",
}  # fmt: skip


# --- the plan: data, from the seed -------------------------------------------------------------------------------------

DATA_FAULTS = [
    lambda c: {"refuse": True},
    lambda c: {"delay_ms": c.choice([100, 1000, 2500])},
    lambda c: {"status": c.choice([500, 502, 503, 504])},
    lambda c: {"status": 429, "headers": {"Retry-After": "1"}},
    lambda c: {"expire": True},
    lambda c: {"drop_after": c.randrange(1 << 20)},
    lambda c: {"truncate": c.randrange(1 << 20)},
    lambda c: {"short": c.randrange(1, 1 << 18)},
    lambda c: {"stall_after": c.randrange(1 << 20)},
    lambda c: {"flip_byte": c.randrange(1 << 20)},
    lambda c: {"ignore_range": True},
    lambda c: {"content_range": "bytes 7-8/9"},
    lambda c: {"gzip": True},
    lambda c: {"header_bomb": 2_000_000},
    lambda c: {"remove_headers": [c.choice(["etag", "content-length", "content-range"])]},
]
META_FAULTS = DATA_FAULTS[:4] + [
    lambda c: {"remove_headers": ["x-repo-commit"]},
    lambda c: {"truncate": c.randrange(300)},
]
SEND_FAULTS = DATA_FAULTS[:5] + [
    lambda c: {"drop_request_after": c.randrange(1 << 19)},
    lambda c: {"stall_request_after": c.randrange(1 << 19)},
    lambda c: {"lose_answer": True},
    lambda c: {"redirect": c.choice([307, 308])},
    lambda c: {"status": 500, "read_body": True},
]
POST_FAULTS = DATA_FAULTS[:4] + [
    lambda c: {"lose_answer": True},
    lambda c: {"status": c.choice([500, 502, 504]), "perform": True},
    lambda c: {"drop_request_after": c.randrange(2000)},
]
POSTS = ["/preupload/", "objects/batch", "complete_multipart", "objects/verify", "/commit/", "repos/create"]


def faults(c):
    """A few rules, on top of lines slow enough that something can happen in the middle."""
    rules = []
    for _ in range(c.randrange(1, 7)):
        where = {"skip": c.randrange(8), "times": c.choice([1, 1, 1, 2, 3])}
        kind = c.choice(["data", "data", "meta", "send", "post"])
        if kind == "data":
            rules.append(({"port": "cdn", "method": "GET", **where}, c.choice(DATA_FAULTS)(c)))
        elif kind == "meta":
            rules.append(
                ({"port": "hub", "method": c.choice(["GET", "HEAD"]), **where}, c.choice(META_FAULTS)(c))
            )
        elif kind == "send":
            rules.append(({"port": "cdn", "method": "PUT", **where}, c.choice(SEND_FAULTS)(c)))
        else:
            where["skip"] = c.randrange(3)
            rules.append(({"path": c.choice(POSTS), **where}, c.choice(POST_FAULTS)(c)))
    rules.append(({"port": "cdn", "method": "GET", "times": 0}, {"rate": c.choice([512 * K, 2 * M, 6 * M])}))
    rules.append(
        ({"port": "cdn", "method": "PUT", "times": 0}, {"request_rate": c.choice([512 * K, 2 * M, 6 * M])})
    )
    return [{"match": match, "do": do} for match, do in rules]


def repo(c, name, large):
    """Files of a repository, by path: their size. Some have the same content."""
    files = {f"{name}/large-{n}.bin": c.randrange(2 * M, large) for n in range(c.randrange(1, 4))}
    files |= {f"part/{name}-{n}.bin": c.randrange(M, 2 * M) for n in range(c.randrange(3))}
    files |= {f"text/{n % 7}/{name} {n}.txt": c.randrange(20 * K) for n in range(c.randrange(5, 40))}
    return files | {"empty.txt": 0, "config.json": 700}


def client_options(c):
    chosen = {**lab.QUICK, "durability": c.choice(["power", "process"])}
    chosen |= c.choice([{}, {"max_connections": c.randrange(1, 9)}])
    chosen |= c.choice([{}, {}, {"part_size": c.randrange(200 * K, 3 * M)}])
    return chosen


def make_plan(seed, number):
    c = random.Random(f"{seed}:{number}")
    length = c.randrange(4000, 9000)
    served = {f"acme/r{n}": repo(c, f"r{n}", c.choice([4 * M, 12 * M])) for n in range(c.randrange(1, 4))}
    jobs = []
    for n in range(c.randrange(6, 13)):
        kind = c.choice(["snapshot"] * 3 + ["files", "local", "get", "python"] + ["upload"] * 4)
        job = {"kind": kind, "at": c.randrange(length * 3 // 4), "options": client_options(c)}
        if kind == "upload":
            # Some write to one repository at once.
            job |= {
                "repo": c.choice([f"acme/u{n}", "acme/all"]),
                "files": repo(c, f"j{n}", c.choice([4 * M, 9 * M])),
            }
            # What everyone has would be in whichever commit comes first.
            job["files"] = {path: size for path, size in job["files"].items() if f"j{n}" in path}
            job["options"].pop("part_size", None)
        else:
            job["repo"] = c.choice(sorted(served))
            if kind in ("files", "get"):
                paths = sorted(served[job["repo"]])
                job["paths"] = c.sample(paths, 1 if kind == "get" else c.randrange(1, 6))
            job["sink"] = c.choice(["write", "write", "map"])
        jobs.append(job)
    happens = [{"at": 0, "do": "faults", "rules": faults(c)}]

    def add(share, make):
        for _ in range(c.randrange(share + 1)):
            at = c.randrange(200, length)
            happens.extend(make(at))

    someone = lambda: c.randrange(len(jobs))
    pause = lambda: c.choice([100, 700, 2500])
    add(3, lambda at: [{"at": at, "do": "faults", "rules": faults(c)}])
    add(16, lambda at: [{"at": at, "do": "kill", "job": someone()}])

    def stop(at):
        who = someone()
        return [{"at": at, "do": "stop", "job": who}, {"at": at + pause(), "do": "go on", "job": who}]

    add(4, stop)
    add(2, lambda at: [{"at": at, "do": "kill hub"}, {"at": at + pause(), "do": "start hub"}])
    add(2, lambda at: [{"at": at, "do": "stop hub"}, {"at": at + pause(), "do": "let hub go on"}])
    add(
        2,
        lambda at: [
            {"at": at, "do": "fill", "left": c.choice([0, 200 * K, 3 * M])},
            {"at": at + pause(), "do": "empty"},
        ],
    )
    add(
        2,
        lambda at: [
            {"at": at, "do": "clock", "by": c.choice([-400_000, -4000, -3, 3, 4000, 100_000, 40_000_000])}
        ],
    )
    add(3, lambda at: [{"at": at, "do": "names", "to": c.choice(NAMES)}])
    happens.sort(key=lambda event: event["at"])
    return {
        "seed": seed,
        "round": number,
        "hub": ["--multipart-from", c.choice([M, 3 * M, 64 * M]), "--chunk-size", c.choice([256 * K, M]),
                "--page-size", c.choice([5, 100, 1000]), "--url-lifetime", c.choice([2, 3600])],
        "served": served,
        "disk": c.choice(["tmpfs", "ext4"]),
        "jobs": jobs,
        "events": happens,
        "length": length,
        "end": c.choice(["kill all", "kill all", "let them be"]),
    }  # fmt: skip


# Nobody listens at 127.0.0.2; who listens at 127.0.0.3 takes connections and never answers.
NAMES = [
    ["127.0.0.1"],
    ["127.0.0.2"],
    ["127.0.0.2", "127.0.0.1"],
    ["127.0.0.3"],
    ["127.0.0.3", "127.0.0.1"],
    [],
]


# --- carrying it out -----------------------------------------------------------------------------------------------------


class Failed(Exception):
    """Something that must not be."""


class Job:
    """One job: its process, started again until it has ended well."""

    def __init__(self, round, number, plan):
        self.round, self.number, self.plan = round, number, plan
        self.log = round.root / f"job-{number}.log"
        self.process, self.done, self.wrong = None, False, None
        self.lock = threading.Lock()
        self.tries, self.kinds = 0, collections.Counter()
        self.line, self.env = self.command()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def command(self):
        plan, disk, endpoint = self.plan, self.round.disk, self.round.endpoint
        env = {
            **os.environ,
            **self.round.env,
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(disk / "home"),
            "RUST_BACKTRACE": "1",
        }
        more = ["--json", *lab.options(plan["options"])]
        if plan.get("sink") == "map":
            more += ["--option", "sink=map"]
        get = [lab.HFX, "download", plan["repo"], "--cache-dir", self.round.cache, *more]
        if plan["kind"] == "snapshot":
            line = get
        elif plan["kind"] == "files":
            line = get[:3] + plan["paths"] + get[3:]
        elif plan["kind"] == "local":
            line = [lab.HFX, "download", plan["repo"], "--local-dir", self.target(), *more]
        elif plan["kind"] == "get":
            path = plan["paths"][0]
            hash = sha256(self.round.bytes(plan["repo"], path))
            url = f"{endpoint}/{plan['repo']}/resolve/main/{path.replace(' ', '%20')}"
            line = [lab.HFX, "get", url, "--output", self.target(), "--sha256", hash, *more]
        elif plan["kind"] == "python":
            code = "import sys; from huggingface_hub import snapshot_download as s; s(sys.argv[1], cache_dir=sys.argv[2])"
            line = [sys.executable, "-c", code, plan["repo"], self.round.cache]
        else:
            folder = self.round.root / f"folder-{self.number}"
            for path, size in plan["files"].items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content(path, size))
            env["HF_HOME"] = str(self.round.root / "home")
            line = [lab.HFX, "upload", plan["repo"], folder, "--commit-message", f"job {self.number}", *more]
        return [str(word) for word in line], env

    def target(self):
        return self.round.disk / f"target-{self.number}"

    def run(self):
        if self.round.over.wait(self.plan["at"] / 1000) and self.round.broken:
            return
        try:
            while not self.done and not self.wrong and not self.round.broken:
                self.once()
        except Exception as error:
            self.wrong = f"the script itself: {error!r}"

    def once(self):
        calm = self.round.over.is_set()
        out = self.log.with_suffix(f".{self.tries}")
        self.tries += 1
        with open(out, "wb") as said, open(self.log, "ab") as complained:
            with self.lock:
                self.killed = False
                self.process = subprocess.Popen(
                    self.line, stdin=subprocess.DEVNULL, stdout=said, stderr=complained, env=self.env
                )
            code = self.process.wait()
        text = out.read_text(errors="replace")
        if code == 0 and not self.is_short(text):
            self.done = True
            return
        if code == 0 and not calm:
            self.kinds["a cached part, the Hub away"] += 1
            return
        if self.killed:
            return
        kind = lab.error_kind(text)
        if code < 0:
            self.wrong = f"it died by signal {-code}"
        elif self.plan["kind"] == "python":
            kind = "python"
        elif code == 0:
            kind = "a part of the snapshot"
            self.wrong = "it ended well, without all files, when all was calm"
        elif kind is None:
            self.wrong = f"exit code {code} and no error event"
        elif kind not in FAIR:
            self.wrong = f"it ended with {kind}"
        self.kinds[kind] += 1
        # A commit on a head that has moved is for the caller to try again, calm or not.
        if calm and kind != "CONFLICT" and not self.wrong:
            self.wrong = f"it ended with {kind} when all was calm"
        if not self.wrong:
            self.round.over.wait(0.3)

    def is_short(self, text):
        """Whether a snapshot has not all files: where the Hub is away and no listing is cached, the folder that is there
        is the answer, as it is the Python client's."""
        if self.plan["kind"] != "snapshot":
            return False
        return (lab.events(text) or [{}])[-1].get("files") != len(
            self.round.plan["served"][self.plan["repo"]]
        )

    def signal(self, number):
        """Whether it was running. What the Python client leaves when it is killed is not our concern: it is not."""
        if number == signal.SIGKILL and self.plan["kind"] == "python" and not self.round.broken:
            return False
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                return False
            self.killed |= number == signal.SIGKILL
            self.process.send_signal(number)
            return True

    def says(self):
        last = self.log.with_suffix(f".{self.tries - 1}")
        told = "\n".join(f.read_text(errors="replace")[-2000:] for f in (last, self.log) if f.exists())
        return f"job {self.number}, try {self.tries}: {' '.join(self.line)}\n{told}"


class Round:
    """One round: set up, broken, calm, looked at, removed."""

    def __init__(self, root, plan, counts):
        self.root, self.plan, self.counts = Path(root), plan, counts
        self.disk, self.over, self.broken = self.root / "disk", threading.Event(), False
        self.foreign = any(job["kind"] == "python" for job in plan["jobs"])
        self.cache = self.disk / "hub"
        self.contents = {}

    def bytes(self, repo, path):
        size = self.plan["served"][repo][path]
        return self.contents.setdefault(path, content(path, size))

    def run(self):
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        self.hub = None
        self.jobs = []
        self.mount_disk()
        try:
            self.set_up()
            self.disturb()
            self.calm()
            self.look()
        finally:
            self.broken = True
            self.over.set()
            for job in self.jobs:
                job.signal(signal.SIGKILL)
            for job in self.jobs:
                if job.thread.is_alive():
                    job.thread.join(30)
            if self.hub:
                self.hub.stop()
            subprocess.run(["umount", "--lazy", self.disk], check=True)

    def mount_disk(self):
        plan = self.plan
        largest = {name: sum(files.values()) for name, files in plan["served"].items()}
        local = sum(largest[job["repo"]] for job in plan["jobs"] if job["kind"] in ("local", "get"))
        # Two copies of each file on its way at once must fit, for when a lock is waited for in vain.
        room = 3 * sum(largest.values()) + 2 * local + 16 * M
        self.disk.mkdir()
        if plan["disk"] == "tmpfs":
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "soak", self.disk], check=True)
            return
        image = self.root / "disk.img"
        with open(image, "wb") as file:
            file.truncate(room + room // 8 + 8 * M)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-N", "8192", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, self.disk], check=True)

    def set_up(self):
        self.names(["127.0.0.1"])
        self.clock = open(self.root / "clock", "w+b", buffering=0)
        self.tick(0)
        self.env = {"SOAK_CLOCK": str(self.root / "clock"), "LD_PRELOAD": str(CLOCK)}
        for name, files in self.plan["served"].items():
            for path in files:
                file = self.root / "served/models" / name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self.bytes(name, path))
        self.hub = lab.Hub(self.root / "served", *self.plan["hub"], env=self.env)
        for name in self.plan["served"]:
            self.hub.ask(f"/api/models/{name}/tree/main?recursive=true")
        port = self.hub.listen.split(":")[1]
        # Who takes connections and says nothing.
        self.silent = socket.create_server(("127.0.0.3", int(port)))
        self.endpoint = f"http://{HOST}:{port}"
        self.jobs = [Job(self, number, job) for number, job in enumerate(self.plan["jobs"])]

    def names(self, addresses):
        HOSTS.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {HOST}\n" for address in addresses))

    def tick(self, seconds):
        self.clock.seek(0)
        self.clock.write(struct.pack("q", seconds))

    def disturb(self):
        start = time.monotonic()
        self.rules, self.up, self.offset = [], True, 0
        for job in self.jobs:
            job.thread.start()
        for event in self.plan["events"]:
            time.sleep(max(0, start + event["at"] / 1000 - time.monotonic()))
            self.happen(event)
        time.sleep(max(0, start + self.plan["length"] / 1000 - time.monotonic()))

    def happen(self, event):
        what, happened = event["do"], True
        if what == "faults":
            self.rules = event["rules"]
            self.arm()
        elif what in ("kill", "stop", "go on"):
            number = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "go on": signal.SIGCONT}[what]
            # That job, or the next one that runs.
            order = self.jobs[event["job"] :] + self.jobs[: event["job"]]
            happened = any(job.signal(number) for job in (order if what == "kill" else order[:1]))
        elif what == "kill hub":
            happened = self.up
            if self.up:
                self.count_faults()
                self.hub.stop()
            self.up = False
        elif what == "start hub":
            if not self.up:
                self.hub.start()
                self.up = True
                self.arm()
        elif what in ("stop hub", "let hub go on"):
            if self.up:
                self.hub.process.send_signal(signal.SIGSTOP if what == "stop hub" else signal.SIGCONT)
        elif what == "fill":
            self.fill(event["left"])
        elif what == "empty":
            (self.disk / "filler").unlink(missing_ok=True)
        elif what == "clock":
            self.offset += event["by"]
            self.tick(self.offset)
        elif what == "names":
            self.names(event["to"])
        self.counts[what] += happened

    def fill(self, left):
        """Takes all room but that."""
        try:
            with open(self.disk / "filler", "ab", buffering=0) as file:
                while (free := os.statvfs(self.disk).f_bavail * os.statvfs(self.disk).f_frsize) > left:
                    file.write(bytes(max(1, min(M, free - left))))
        except OSError:
            pass  # Full, as it should be: the clients write too.

    def arm(self):
        """Puts the rules in force, on a Hub that may be down or stopped."""
        try:
            self.count_faults()
            self.hub.faults(self.rules)
        except OSError:
            pass

    def count_faults(self):
        try:
            for rule, acted in zip(self.rules, self.hub.acted()):
                if rule["match"]["times"] != 0:
                    self.counts["fault"] += acted
        except OSError:
            pass

    def calm(self):
        """What was broken is mended. Who was let live through it all may still fail of it; who starts now may not."""
        if self.plan["end"] == "kill all":
            self.counts["kill"] += sum(job.signal(signal.SIGKILL) for job in self.jobs)
        if self.up:
            self.hub.process.send_signal(signal.SIGCONT)
        else:
            self.hub.start()
        self.count_faults()
        self.hub.faults([])
        self.names(["127.0.0.1"])
        # The Python client waits for it without an end.
        self.silent.close()
        (self.disk / "filler").unlink(missing_ok=True)
        for job in self.jobs:
            job.signal(signal.SIGCONT)
        if self.plan["end"] == "kill all":
            self.must("visible and whole after the kill", lab.torn(self.cache, foreign=self.foreign), [])
        self.over.set()
        until = time.monotonic() + PATIENCE
        for job in self.jobs:
            job.thread.join(max(0, until - time.monotonic()))
            if job.wrong:
                raise Failed(f"{job.wrong}\n{job.says()}")
            if job.thread.is_alive():
                raise Failed(
                    f"stuck for {PATIENCE} s when all was calm\n{stacks(job.process.pid)}\n{job.says()}"
                )
            self.counts["process"] += job.tries
            for kind, count in job.kinds.items():
                self.counts[f"ended as {kind}"] += count
        for job in self.jobs:
            complaint = job.log.read_text(errors="replace")
            if "panicked" in complaint:
                raise Failed(f"a panic\n{job.says()}")

    def must(self, what, got, want):
        if got != want:
            raise Failed(f"{what}:\n  got  {got!r:.3000}\n  want {want!r:.3000}")

    # --- looking ---

    def look(self):
        from huggingface_hub import scan_cache_dir

        self.must("visible and whole", lab.torn(self.cache, foreign=self.foreign), [])
        for job in self.jobs:
            self.look_at(job)
        self.must("left behind", lab.leftovers(self.disk, foreign=self.foreign), [])
        self.prune()
        self.must("journals of uploads", sorted((self.root / "home").rglob("*.parts")), [])
        self.must("files of the moment", sorted((self.root / "home").rglob("*.new")), [])
        self.must("processes", [line for line in lab.processes(f"{self.root}/") if " serve " not in line], [])
        if self.cache.exists():
            scan = scan_cache_dir(self.cache)
            warnings = [str(warning) for warning in scan.warnings]
            # Its own notes on their way, when the disk was full.
            self.must(
                "warnings of the Python client",
                [w for w in warnings if not (self.foreign and ".tmp'" in w)],
                [],
            )
            self.must("partials", list(scan.incomplete_files), [])
        self.look_at_hub()

    def prune(self):
        """A killed process may leave small files and links that nobody goes on with; after an hour, a prune takes them."""
        if not self.cache.exists():
            return
        left = list(self.cache.rglob("*.incomplete"))
        self.counts["small ones left to a prune"] += len(left)
        for path in left:
            os.utime(path, (1, 1), follow_symlinks=False)
        line = [lab.HFX, "cache", "prune", "--yes", "--cache-dir", self.cache]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60)
        self.must("prune", (done.returncode, list(self.cache.rglob("*.incomplete"))), (0, []))

    def look_at(self, job):
        plan, kind = job.plan, job.plan["kind"]
        if kind == "upload":
            return
        if kind == "get":
            self.same(job.target(), plan["repo"], plan["paths"][0])
            return
        paths = plan.get("paths") or sorted(self.plan["served"][plan["repo"]])
        if kind == "local":
            for path in paths:
                self.same(job.target() / path, plan["repo"], path)
            return
        from huggingface_hub import hf_hub_download, snapshot_download

        if kind != "files":
            folder = Path(snapshot_download(plan["repo"], cache_dir=self.cache, local_files_only=True))
            self.must(
                "the snapshot's files",
                sorted(str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()),
                paths,
            )
        for path in paths:
            found = hf_hub_download(plan["repo"], path, cache_dir=self.cache, local_files_only=True)
            self.same(found, plan["repo"], path)

    def same(self, file, repo, path):
        self.must(f"{file}", sha256(Path(file).read_bytes()), sha256(self.bytes(repo, path)))
        self.counts["down"] += 1
        self.counts["bytes down"] += len(self.bytes(repo, path))

    def look_at_hub(self):
        """What was pushed, as the Python client finds it."""
        from huggingface_hub import HfApi, hf_hub_download

        endpoint = self.hub.endpoint
        api = HfApi(endpoint=endpoint)
        uploads = collections.defaultdict(list)
        for job in self.jobs:
            if job.plan["kind"] == "upload":
                uploads[job.plan["repo"]].append(job)
        for name, jobs in uploads.items():
            files = {path: size for job in jobs for path, size in job.plan["files"].items()}
            listed = {
                entry.path: entry
                for entry in api.list_repo_tree(name, recursive=True)
                if hasattr(entry, "size")
            }
            listed.pop(".gitattributes", None)
            self.must(f"files of {name}", sorted(listed), sorted(files))
            titles = [commit.title for commit in api.list_repo_commits(name)]
            wanted = sorted(f"job {job.number}" for job in jobs)
            self.must(f"commits of {name}", sorted(t for t in titles if t.startswith("job ")), wanted)
            self.must(f"other commits of {name}", len(titles) - len(wanted), 1)
            for path, size in files.items():
                data, entry = content(path, size), listed[path]
                told = (entry.size, entry.lfs.sha256 if entry.lfs else entry.blob_id)
                self.must(
                    f"{name}/{path} as listed", told, (size, sha256(data) if entry.lfs else git_id(data))
                )
                found = hf_hub_download(name, path, endpoint=endpoint, cache_dir=self.root / "check")
                self.must(f"{name}/{path}", sha256(Path(found).read_bytes()), sha256(data))
                self.counts["up"] += 1
                self.counts["bytes up"] += size
        # A Hub that was told to stop reading keeps what it had, until it starts again.
        making = self.root / "served/.hub/tmp"
        if making.exists() and os.listdir(making):
            self.hub.stop()
            self.hub.start()
            self.must("in the making on the Hub", os.listdir(making), [])


def stacks(pid):
    """Where a process hangs, as far as the kernel tells."""
    lines = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            lines.append(f"{(task / 'comm').read_text().strip()}: {(task / 'syscall').read_text().strip()}")
        except OSError:
            pass
    return "\n".join(lines)


def main():
    seed = os.environ.get("SEED") or str(random.randrange(1 << 32))
    if sys.argv[1:] == ["plan"]:
        print(json.dumps(make_plan(seed, int(os.environ["ROUND"])), indent=1))
        return
    lab.into_namespace()
    global HOSTS, CLOCK
    base = Path(os.environ.get("SOAK_DIR") or lab.TREE / "build/soak")
    base.mkdir(parents=True, exist_ok=True)
    root = base / f"run-{os.getpid()}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    HOSTS, CLOCK = root / "hosts", root / "clock.so"
    HOSTS.write_text("")
    subprocess.run(["mount", "--bind", HOSTS, "/etc/hosts"], check=True)
    source = Path(__file__).with_name("clock.c")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", CLOCK, source, "-ldl"], check=True
    )
    minutes = float(os.environ.get("SOAK_MINUTES", 20))
    one = os.environ.get("ROUND")
    counts, failed, start = collections.Counter(), [], time.monotonic()
    number = int(one or 0)
    while one is None and time.monotonic() - start < minutes * 60 or counts["round"] == 0:
        plan = make_plan(seed, number)
        try:
            Round(root / f"round-{number}", plan, counts).run()
            shutil.rmtree(root / f"round-{number}")
        except Exception as failure:
            failed.append(number)
            print(
                f"round {number} FAILED: {failure if isinstance(failure, Failed) else repr(failure)}\n  again: make soak SEED={seed} ROUND={number}",
                flush=True,
            )
        counts["round"] += 1
        number += 1
        told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        print(f"seed {seed}, {time.monotonic() - start:.0f} s: {told}", flush=True)
    if failed:
        sys.exit(
            f"{len(failed)} of {counts['round']} rounds failed with seed {seed}: {failed}; what they left: {root}"
        )
    shutil.rmtree(root)
    print(f"{counts['round']} rounds, none failed, seed {seed}")


if __name__ == "__main__":
    main()

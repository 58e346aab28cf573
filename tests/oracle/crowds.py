"""The local Hub under many writers, under any operations, and in little memory."""

import base64
import os
import random
import subprocess
import threading

from lib import HFX, Hub, check, end, git_id, same
from raw import K, M, Raw, data, file, ndjson, sha256

HUB = Hub("--multipart-from", "1M", "--chunk-size", "256K")
raw = Raw(HUB, "acme/crowds")
call, commit, head, batch, put, push = raw.call, raw.commit, raw.head, raw.batch, raw.put, raw.push
API = raw.api
call("POST", "/api/repos/create", {"name": "crowds", "organization": "acme"})


def crowds():
    """Many writers at once: one after the other on one branch, side by side else."""
    before = head()
    answers = []

    def run(work, count):
        answers.clear()
        threads = [threading.Thread(target=lambda number=number: answers.append(work(number)[0])) for number in range(count)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]

    run(lambda number: commit(file(f"crowd/{number}", f"{number}".encode())), 24)
    same("all of them", answers, [200] * 24)
    commits = call("GET", f"{API}/commits/main?limit=100")[2]
    same("one after the other", [entry["id"] for entry in commits].index(before), 24)
    files = {entry["path"] for entry in call("GET", f"{API}/tree/main/crowd")[2]}
    same("none is lost", files, {f"crowd/{number}" for number in range(24)})
    parent = head()
    run(lambda number: commit(file("same", f"{number}".encode()), parent=parent), 16)
    same("with the same parent, one", sorted(answers), [200] + [412] * 15)
    content = data(5, 2 * M)
    run(lambda number: push(content), 8)
    same("the same object, many times", answers, [200] * 8)
    check("it is there", "actions" not in batch((sha256(content), 2 * M))[2]["objects"][0])
    run(lambda number: call("POST", "/api/repos/create", {"name": "race", "organization": "acme"}), 8)
    same("one creates it", sorted(answers), [200] + [409] * 7)
    HUB.put("models/acme/folder/a.txt", "a")
    run(lambda number: call("POST", "/api/models/acme/folder/commit/main", ndjson(file(f"b{number}"))), 8)
    same("a folder is taken over once", answers, [200] * 8)
    same("with all that came", len(call("GET", "/api/models/acme/folder/tree/main")[2]), 9)


def operations():
    """Any operations, against a dictionary that does the same."""
    seed = int(os.environ.get("HFX_TEST_SEED", random.randrange(1 << 32)))
    chance, files, history = random.Random(seed), {}, []
    model = Raw(HUB, "acme/model")
    call("POST", "/api/repos/create", {"name": "model", "organization": "acme"})

    def path():
        return "/".join(chance.choice("abc") for _ in range(chance.randrange(1, 4)))

    def operation():
        kind = chance.choice(["file", "file", "file", "deletedFile", "deletedFolder"])
        return file(path(), b"%d" % chance.randrange(5)) if kind == "file" else (kind, {"path": path()})

    def expected(wanted):
        after = dict(files)
        for kind, value in wanted:
            if kind == "file":
                after[value["path"]] = base64.b64decode(value["content"])
                continue
            below = value["path"] + "/"
            doomed = [path for path in after if path == value["path"] or path.startswith(below)]
            doomed = [path for path in doomed if (path == value["path"]) == (kind == "deletedFile")]
            if not doomed:
                return 404, files
            after = {path: content for path, content in after.items() if path not in doomed}
        both = any(other.startswith(path + "/") for path in after for other in after)
        return (400, files) if both else (200, after)

    for _ in range(200):
        wanted = [operation() for _ in range(chance.randrange(1, 5))]
        status, after = expected(wanted)
        before = model.head()
        got = model.commit(*wanted)
        same(f"{wanted} on {sorted(files)}, seed {seed}", got[0], status)
        same(f"a commit where something changed, seed {seed}", model.head() != before, after != files)
        files = after
        history.append((model.head(), dict(files)))
    HUB.restart()
    for commit_id, files in chance.sample(history, 20):
        tree = call("GET", f"{model.api}/tree/{commit_id}?recursive=true")[2]
        tree = {entry["path"]: entry["oid"] for entry in tree if entry["type"] == "file"}
        del tree[".gitattributes"]
        same(f"an old commit, seed {seed}", tree, {path: git_id(content) for path, content in files.items()})
        check(f"its contents, seed {seed}", all(model.get(path, commit_id) == files[path] for path in files))


def memory():
    """What is pushed goes to disk."""
    content = bytes(192 * M)
    header = batch((sha256(content), len(content)), transfers=["basic"])[2]["objects"][0]["actions"]["upload"]
    same("a large one", put(header["href"], content)[0], 200)
    if not os.path.exists("/proc/self/status"):
        return print("its memory: not measured here")
    lines = open(f"/proc/{HUB.process.pid}/status").read().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    check("in little memory", peak < 96 * K, f"{peak} KiB")


def alone():
    """One server writes; another one does not start."""
    other = subprocess.run([HFX, "serve", HUB.dir], capture_output=True, text=True, timeout=20)
    check("a second server", other.returncode != 0 and "another" in other.stderr, other)


for part in (crowds, operations, memory, alone):
    part()
end()

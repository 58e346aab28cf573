"""The local Hub is killed at random moments while it is written to: what it answered is there afterwards, and nothing is
half."""

import json
import os
import random
import threading
import time

from lib import Hub, check, end, same
from raw import K, M, Raw, data, file, large, sha256

SEED = int(os.environ.get("HFX_TEST_SEED", random.randrange(1 << 32)))
SECONDS = 12
chance = random.Random(SEED)
hub = Hub("--multipart-from", "200K", "--chunk-size", "64K")
raw = Raw(hub, "acme/killed")
raw.call("POST", "/api/repos/create", {"name": "killed", "organization": "acme"})

# The head's files by path, as they were answered; the commits that were, oldest first; and what is on its way.
files, commits, underway = {}, [raw.head()], None
branches = {}


def attempt(number):
    """One push: large files, then a commit on the head that is known. Whether it was answered."""
    global underway
    one, two = data(number, 300 * K + number), data(-number, 50 * K + number)
    change = {f"large/{number % 5}.bin": one, f"small/{number % 7}.bin": two}
    change |= {f"text/{number % 11}/{part}.txt": f"{number} {part}".encode() for part in range(5)}
    if not all(raw.push(content)[0] == 200 for content in (one, two)):
        return False
    underway = change
    operations = [large(path, content) if path.endswith(".bin") else file(path, content) for path, content in change.items()]
    status, _, told = raw.commit(*operations, parent=commits[-1], summary=f"Push {number}")
    if status != 200:
        return False
    commits.append(told["commitOid"])
    files.update(change)
    underway = None
    if raw.call("POST", f"{raw.api}/branch/b{number}", {})[0] != 200:
        return False
    branches[f"b{number}"] = commits[-1]
    return True


def settle():
    """After a restart: the head is the one that was answered last, or the one on its way."""
    global underway
    head = raw.head()
    if head != commits[-1] and check("a commit that was on its way", underway is not None, f"seed {SEED}"):
        commits.append(head)
        files.update(underway)
    underway = None
    log = [entry["id"] for entry in raw.call("GET", f"{raw.api}/commits/main?limit=1000")[2]]
    same(f"the history, seed {SEED}", log, commits[::-1])
    refs = raw.call("GET", f"{raw.api}/refs")[2]["branches"]
    refs = {ref["name"]: ref["targetCommit"] for ref in refs if ref["name"] != "main"}
    check(f"the branches, seed {SEED}", branches.items() <= refs.items() and len(refs) <= len(branches) + kills)


def whole():
    """Every file of the head has its content."""
    listed = {entry["path"]: entry for entry in raw.call("GET", f"{raw.api}/tree/main?recursive=true")[2]}
    paths = {path for path, entry in listed.items() if entry["type"] == "file"}
    same(f"the files, seed {SEED}", paths - {".gitattributes"}, set(files))
    for path, content in files.items():
        check(f"{path}, seed {SEED}", raw.get(path) == content)


begun = time.monotonic()
check("a push before all this", attempt(0))
# On a slow machine as many pushes come between two kills as on a fast one.
longest = max(0.4, 6 * (time.monotonic() - begun))
number, kills, until = 0, 0, time.monotonic() + SECONDS
while time.monotonic() < until:
    killer = threading.Timer(chance.uniform(0.01, longest), hub.process.kill)
    killer.start()
    while True:
        number += 1
        if not attempt(number):
            break
    killer.join()
    kills += 1
    hub.restart()
    settle()
    if kills % 8 == 0:
        whole()
number += 1
check("a push after all this", attempt(number))
whole()
check("nothing in the making", not os.listdir(hub.dir / ".hub/tmp"))
objects = list((hub.dir / ".hub/repos/models--acme--killed/lfs").iterdir())
check("every large file is what it is called", all(sha256(path.read_bytes()) == path.name for path in objects))
check("all records read", all(json.loads((path / "repo.json").read_text()) for path in (hub.dir / ".hub/repos").iterdir()))
check(f"enough kills ({kills}) and pushes ({len(commits)})", kills >= 5 and len(commits) > kills)
print(f"{kills} kills, {len(commits)} commits, {len(objects)} large files of {sum(p.stat().st_size for p in objects) // M} MiB")
end()

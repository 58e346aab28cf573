"""The local Hub's write side without a client between: its refusals, its multipart uploads, its faults, and many writers
at once."""

import base64
import http.client
import json
import os
import random
import socket
import subprocess
import threading
import time
import urllib.parse

from lib import HFX, Hub, check, end, git_id, same
from raw import K, M, Raw, data, file, ndjson, sha256

HUB = Hub("--multipart-from", "1M", "--chunk-size", "256K", "--token", "hf_rw", "--token", "hf_ro:read")
raw = Raw(HUB, "acme/wire", "hf_rw")
call, commit, head, batch, put, send, finish, push = (
    raw.call, raw.commit, raw.head, raw.batch, raw.put, raw.send, raw.finish, raw.push
)
API = raw.api


def refused(what, answer, status, code=None):
    """An error as the Hub makes it."""
    same(f"{what}: status", answer[0], status)
    same(f"{what}: code", answer[1].get("X-Error-Code"), code)
    check(f"{what}: text", isinstance(answer[2], dict) and answer[2]["error"], answer[2])


def refusals():
    same("create", call("POST", "/api/repos/create", {"name": "wire", "organization": "acme"})[0], 200)
    again = call("POST", "/api/repos/create", {"name": "wire", "organization": "acme"})
    refused("create again", again, 409)
    same("create again: url", again[2]["url"], f"{HUB.endpoint}/acme/wire")
    for name in ("../up", "a--b", ".x", "x.git", ""):
        refused(f"create {name!r}", call("POST", "/api/repos/create", {"name": name, "organization": "acme"}), 400)
    refused("a space without an SDK", call("POST", "/api/repos/create", {"name": "app", "type": "space"}), 400)
    before = head()
    for path in ("", "/abs", "../up", "a/../b", ".git/config", "a/.git", ".cache/x", "a//b", "a/", "a\\b", "a\0b", "x" * 5000):
        refused(f"path {path!r:.20}", commit(file(path)), 400)
        refused(f"preupload {path!r:.20}", call("POST", f"{API}/preupload/main", {"files": [{"path": path, "sample": "", "size": 1}]}), 400)
    oid = "a" * 64
    refused("bad base64", commit(("file", {"path": "a", "content": "*", "encoding": "base64"})), 400)
    refused("an encoding", commit(("file", {"path": "a", "content": "a", "encoding": "latin-1"})), 400)
    refused("an oid", commit(("lfsFile", {"path": "a", "algo": "sha256", "oid": "../../x", "size": 1})), 422)
    refused("an unknown oid", commit(("lfsFile", {"path": "a", "algo": "sha256", "oid": oid, "size": 1})), 400)
    refused("an operation", commit(("explode", {"path": "a"})), 400)
    refused("no summary", commit(file("a"), summary=" "), 400)
    refused("no parent", commit(file("a"), parent="main"), 400)
    refused("no header", call("POST", f"{API}/commit/main", json.dumps({"key": "deletedFile", "value": {"path": "a"}})), 400)
    refused("nothing", call("POST", f"{API}/commit/main", b""), 400)
    refused("no JSON", call("POST", f"{API}/commit/main", b"header\n"), 400)
    refused("two headers", call("POST", f"{API}/commit/main", ndjson() + ndjson()), 400)
    refused("another commit came first", commit(file("a"), parent="0" * 40), 412)
    refused("no such file", commit(("deletedFile", {"path": "nope"})), 404, "EntryNotFound")
    refused("no such revision", commit(file("a"), revision="nope"), 404, "RevisionNotFound")
    refused("a commit is no branch", commit(file("a"), revision=before), 404, "RevisionNotFound")
    refused("no such revision", call("POST", f"{API}/preupload/nope", {"files": []}), 404, "RevisionNotFound")
    for what, method, path, body in [
        ("commit", "POST", "/commit/main", ndjson()),
        ("preupload", "POST", "/preupload/main", {"files": []}),
        ("branch", "POST", "/branch/x", {}),
        ("tag", "POST", "/tag/main", {"tag": "x"}),
        ("settings", "PUT", "/settings", {"private": True}),
        ("discussions", "POST", "/discussions", {"title": "title"}),
    ]:
        refused(f"{what} of no repo", call(method, "/api/models/acme/nope" + path, body), 404, "RepoNotFound")
        refused(f"{what} by a reader", call(method, API + path, body, "hf_ro"), 403)
        refused(f"{what} by nobody", call(method, API + path, body, None), 401)
        refused(f"{what} by a stranger", call(method, API + path, body, "hf_x"), 401)
    refused("batch of no repo", batch((oid, 1), repo="acme/nope"), 404, "RepoNotFound")
    refused("batch by a reader", batch((oid, 1), token="hf_ro"), 403)
    check("batch by nobody", "LFS-Authenticate" in batch((oid, 1), token=None)[1])
    basic = {"Authorization": "Basic " + base64.b64encode(b"user:hf_rw").decode()}
    same("git's way to show a token", call("POST", "/acme/wire.git/info/lfs/objects/batch", {"operation": "upload", "objects": []}, None, basic)[0], 200)
    refused("too many files", call("POST", f"{API}/preupload/main", {"files": [{"path": "a", "size": 1}] * 257}), 400)
    refused("too much", call("PUT", f"{API}/settings", b" " * (9 * M)), 413)
    refused("a ref's name", call("POST", f"{API}/branch/a..b", {}), 400)
    same("locks", call("POST", "/acme/wire.git/info/lfs/locks/verify", {})[0], 404)
    errors = call("POST", "/api/validate-yaml", {"content": "---\nnot yaml\n---\n", "repoType": "model"})
    same("a card", (errors[0], len(errors[2]["errors"])), (400, 1))
    same("nothing was changed", head(), before)
    same("utf-8", commit(("file", {"path": "./plain.txt", "content": "ü", "encoding": "utf-8"}))[0], 200)
    same("a path with ./", call("GET", "/acme/wire/resolve/main/plain.txt")[2], "ü".encode())
    before = head()
    same("nothing new", commit(file("plain.txt", "ü".encode()))[2]["commitOid"], before)
    ignore = "*.log\n!keep.log\n"
    files = [{"path": path, "sample": "", "size": size} for path, size in [("x.log", 1), ("keep.log", 1), ("plain.txt", 2), ("e.bin", 0), ("e.dat", M)]]
    told = call("POST", f"{API}/preupload/main", {"files": files, "gitIgnore": ignore})[2]["files"]
    same("ignored", [entry["shouldIgnore"] for entry in told], [True, False, False, False, False])
    same("modes", [entry["uploadMode"] for entry in told], ["regular", "regular", "regular", "regular", "lfs"])
    same("known", [entry.get("oid") is not None for entry in told], [False, False, True, False, False])


def multipart():
    content = data(1, M + 100)
    oid = sha256(content)
    same("basic for who knows nothing else", "chunk_size" in batch((oid, len(content)), transfers=None)[2]["objects"][0]["actions"]["upload"]["header"], False)
    told = batch((oid, len(content)), ("b" * 64, 5), ("x", 5))
    same("transfer", told[2]["transfer"], "multipart")
    action, small, wrong = (entry.get("actions") for entry in told[2]["objects"])
    check("small ones in one piece", "chunk_size" not in small["upload"]["header"])
    check("what is no oid", wrong is None and told[2]["objects"][2]["error"]["code"] == 422)
    header = action["upload"]["header"]
    same("the parts", (header["chunk_size"], sorted(header)), (str(256 * K), ["1", "2", "3", "4", "5", "chunk_size"]))
    same("a token at the store", call("PUT", header["1"], content[: 256 * K])[0], 400)
    same("a false signature", put(header["1"].replace("Serial=", "Serial=9"), content[: 256 * K])[0], 403)
    same("without a length", put(header["1"], iter([content[: 256 * K]]))[0], 411)
    same("too short", put(header["1"], content[:100])[0], 400)
    same("too long", put(header["5"], content[:101])[0], 400)
    etags = send(header, content, [5, 3, 1])
    refused("incomplete", finish(action, oid, etags), 400)
    check("which are missing", "[2, 4]" in finish(action, oid, etags)[2]["error"])
    HUB.restart()
    again = batch((oid, len(content)))[2]["objects"][0]["actions"]
    check("an address of before", put(header["2"], content[256 * K : 512 * K])[0] in (0, 403))
    etags |= send(again["upload"]["header"], content, [4, 2])
    refused("a wrong ETag", finish(again, oid, {**etags, 3: '"x"'}), 400)
    refused("another object", finish(again, "c" * 64, etags), 400)
    same("not there yet", call("POST", again["verify"]["href"], {"oid": oid, "size": len(content)})[0], 404)
    same("complete", finish(again, oid, etags)[0], 200)
    same("complete again", finish(again, oid, etags)[0], 200)
    same("verify", call("POST", again["verify"]["href"], {"oid": oid, "size": len(content)})[0], 200)
    refused("verify by nobody", call("POST", again["verify"]["href"], {"oid": oid, "size": len(content)}, None), 401)
    same("a part too late", put(again["upload"]["header"]["1"], content[: 256 * K])[0], 200)
    check("there", "actions" not in batch((oid, len(content)))[2]["objects"][0])
    refused("a wrong size", commit(("lfsFile", {"path": "m.bin", "algo": "sha256", "oid": oid, "size": 1})), 400)
    same("without a size", commit(("lfsFile", {"path": "m.bin", "algo": "sha256", "oid": oid}))[0], 200)
    answer = call("GET", "/acme/wire/resolve/main/m.bin")
    same("its address", (answer[0], answer[1]["X-Linked-Etag"], answer[1]["X-Linked-Size"]), (302, f'"{oid}"', str(len(content))))
    same("its content", call("GET", answer[1]["Location"], token=None)[2], content)
    href = batch((oid, len(content)), ("d" * 64, 1), operation="download")[2]["objects"]
    same("download", call("GET", href[0]["actions"]["download"]["href"], token=None, headers={"Range": "bytes=5-9"})[2], content[5:10])
    same("download of nothing", href[1]["error"]["code"], 404)
    lie = data(2, 600 * K * 2)
    action = batch(("e" * 64, len(lie)))[2]["objects"][0]["actions"]
    refused("another hash", finish(action, "e" * 64, send(action["upload"]["header"], lie)), 400)
    refused("its parts are dropped", finish(action, "e" * 64, {1: "x"}), 400)
    action = batch(("e" * 64, 5))[2]["objects"][0]["actions"]
    same("another hash, in one piece", put(action["upload"]["href"], b"12345")[0], 400)
    same("another length, in one piece", put(action["upload"]["href"], b"1234")[0], 400)
    check("nothing of it is there", "actions" in batch(("e" * 64, 5))[2]["objects"][0])


def faults():
    content = data(3, M + 1)
    oid = sha256(content)
    action = batch((oid, len(content)))[2]["objects"][0]["actions"]
    header = action["upload"]["header"]
    part = content[: 256 * K]
    stored = "/part/*/1"

    def fault(match, do):
        HUB.forget()
        HUB.faults((match, do))

    def log(method="PUT"):
        return [(entry["status"], entry["bytes_received"]) for entry in HUB.requests() if entry["method"] == method]

    fault({"path": stored}, {"drop_request_after": 100_000})
    same("dropped", put(header["1"], part)[0], 0)
    same("dropped: log", log(), [(0, 100_000)])
    fault({"path": stored}, {"drop_request_after": 256 * K})
    same("too short to be dropped", put(header["1"], part)[0], 200)
    fault({"path": stored, "times": 2}, {"status": 503, "read_body": True})
    same("a burst", [put(header["1"], part)[0] for _ in range(3)], [503, 503, 200])
    same("a burst: log", log(), [(503, 256 * K), (503, 256 * K), (200, 256 * K)])
    fault({"path": stored}, {"status": 503})
    same("before the body", early(header["1"])[0], 503)
    same("before the body: log", log(), [(503, 0)])
    fault({"path": stored}, {"redirect": 307})
    status, location = early(header["1"])
    check("redirect", status == 307 and location != header["1"] and location.split("?")[1] == header["1"].split("?")[1])
    same("the other place", put(location, part)[0], 200)
    fault({"path": stored}, {"expire": True})
    same("expired", [put(header["1"], part)[0] for _ in range(2)], [403, 403])
    header = batch((oid, len(content)))[2]["objects"][0]["actions"]["upload"]["header"]
    fault({"path": stored}, {"remove_headers": ["etag"]})
    same("no ETag", put(header["1"], part)[1].get("ETag"), None)
    fault({"path": stored}, {"etag": '"wrong"'})
    etags = send(header, content)
    same("a wrong ETag", etags[1], '"wrong"')
    refused("it does not complete", finish(action, oid, etags), 400)
    fault({"path": stored}, {"request_rate": 512 * K})
    begun = time.monotonic()
    etags |= send(header, content, [1])
    check("slow", time.monotonic() - begun > 0.3)
    fault({"path": "complete_multipart"}, {"lose_answer": True})
    same("a completion without an answer", finish(action, oid, etags)[0], 0)
    same("asked again", finish(action, oid, etags)[0], 200)
    fault({"path": "/commit/"}, {"status": 429, "headers": {"Retry-After": "1", "RateLimit": '"api";r=0;t=1'}})
    limited = commit(file("limited"))
    same("a rate limit", (limited[0], limited[1]["RateLimit"]), (429, '"api";r=0;t=1'))
    parent = head()
    fault({"path": "/commit/"}, {"lose_answer": True})
    same("a lost answer", commit(file("lost"), parent=parent)[0], 0)
    check("it was committed", head() != parent)
    same("a lost answer: log", [entry[0] for entry in log("POST")], [0])
    fault({"path": "/commit/", "times": 0}, {"instead_of": 412, "status": 409})
    refused_409 = commit(file("lost"), parent=parent)
    same("another status for a conflict", (refused_409[0], commit(file("fine"))[0]), (409, 200))
    same("it counts those alone", HUB.control("GET", "faults")[0]["acted"], 1)
    parent = head()
    fault({"path": "/commit/"}, {"status": 500, "perform": True})
    same("done, and denied", (commit(file("denied"), parent=parent)[0], head() != parent), (500, True))
    parent = head()
    fault({"path": "/commit/"}, {"drop_request_after": 1000})
    same("half a commit", (commit(file("half", data(4, 5000)), parent=parent)[0], head()), (0, parent))
    fault({"path": "/commit/"}, {"refuse": True})
    same("refused", (commit(file("half"), parent=parent)[0], head()), (0, parent))
    fault({"path": "/commit/"}, {"stall_request_after": 10})
    check("stalled", stalls(f"{API}/commit/main", ndjson(file("half"))) and head() == parent)
    HUB.faults()


def early(url):
    """The head alone of a PUT: the answer's status and its Location."""
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as stream:
        place = f"{parts.path}?{parts.query}"
        stream.sendall(f"PUT {place} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {256 * K}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(stream)
        answer.begin()
        return answer.status, answer.headers.get("Location")


def stalls(path, body):
    parts = urllib.parse.urlsplit(HUB.endpoint)
    connection = http.client.HTTPConnection(parts.netloc, timeout=0.3)
    try:
        connection.request("POST", path, body, {"Authorization": "Bearer hf_rw"})
        connection.getresponse()
    except TimeoutError:
        return True
    finally:
        connection.close()
    return False


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
    model = Raw(HUB, "acme/model", "hf_rw")
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
    lines = open(f"/proc/{HUB.process.pid}/status").read().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    check("in little memory", peak < 96 * K, f"{peak} KiB")


def alone():
    """One server writes; another one does not start."""
    other = subprocess.run([HFX, "serve", HUB.dir], capture_output=True, text=True, timeout=20)
    check("a second server", other.returncode != 0 and "another" in other.stderr, other)


for part in (refusals, multipart, faults, crowds, operations, memory, alone):
    part()
end()

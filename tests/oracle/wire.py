"""The local Hub's write side without a client between: its refusals, and large files in one piece or in parts."""

import base64
import json

from lib import Hub, check, end, same
from raw import K, M, Raw, data, file, ndjson, refused, sha256

HUB = Hub("--multipart-from", "1M", "--chunk-size", "256K", "--token", "hf_rw", "--token", "hf_ro:read")
raw = Raw(HUB, "acme/wire", "hf_rw")
call, commit, head, batch, put, send, finish = (
    raw.call, raw.commit, raw.head, raw.batch, raw.put, raw.send, raw.finish
)
API = raw.api


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


for part in (refusals, multipart):
    part()
end()

"""The faults that the local Hub can be asked to commit while it is written to."""

import http.client
import socket
import time
import urllib.parse

from lib import Hub, check, end, same
from raw import K, M, Raw, data, file, ndjson, refused, sha256

HUB = Hub("--multipart-from", "1M", "--chunk-size", "256K")
raw = Raw(HUB, "acme/faults")
call, commit, head, batch, put, send, finish = (
    raw.call, raw.commit, raw.head, raw.batch, raw.put, raw.send, raw.finish
)
API = raw.api
call("POST", "/api/repos/create", {"name": "faults", "organization": "acme"})


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
        connection.request("POST", path, body, {})
        connection.getresponse()
    except TimeoutError:
        return True
    finally:
        connection.close()
    return False


faults()
end()

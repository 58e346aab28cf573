"""Writing to a Hub without a client between: one HTTP exchange at a time."""

import base64
import hashlib
import http.client
import json
import random
import urllib.parse

from lib import check, same

M, K = 1 << 20, 1 << 10
LFS = {"Accept": "application/vnd.git-lfs+json", "Content-Type": "application/vnd.git-lfs+json"}


def data(seed, size):
    return random.Random(seed).randbytes(size)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def ndjson(*operations, parent=None, summary="A commit"):
    header = {"summary": summary, "description": ""} | ({"parentCommit": parent} if parent else {})
    lines = [{"key": "header", "value": header}, *({"key": key, "value": value} for key, value in operations)]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def file(path, content=b"content"):
    return "file", {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}


def large(path, content):
    return "lfsFile", {"path": path, "algo": "sha256", "oid": sha256(content), "size": len(content)}


class Raw:
    """One writer of one model."""

    def __init__(self, hub, repo, token=None):
        self.hub, self.repo, self.token = hub, repo, token
        self.api = f"/api/models/{repo}"

    def call(self, method, url, body=None, token="", headers=None):
        """One exchange: status, headers, body (JSON where it is). No answer at all is status 0."""
        parts = urllib.parse.urlsplit(url if url.startswith("http") else self.hub.endpoint + url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        headers = dict(headers or {})
        token = self.token if token == "" else token
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        try:
            connection.request(method, urllib.parse.urlunsplit(("", "", *parts[2:])), body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (http.client.HTTPException, OSError):
            return 0, {}, b""
        finally:
            connection.close()
        if text and answer.headers.get_content_type().endswith("json"):
            text = json.loads(text)
        return answer.status, answer.headers, text

    def commit(self, *operations, revision="main", token="", **more):
        return self.call("POST", f"{self.api}/commit/{revision}", ndjson(*operations, **more), token)

    def head(self):
        return self.call("GET", f"{self.api}/revision/main")[2]["sha"]

    def batch(self, *objects, operation="upload", transfers=("basic", "multipart"), token="", repo=None):
        body = {"operation": operation, "objects": [{"oid": oid, "size": size} for oid, size in objects]}
        if transfers:
            body["transfers"] = transfers
        return self.call("POST", f"/{repo or self.repo}.git/info/lfs/objects/batch", body, token, LFS)

    def put(self, url, content):
        return self.call("PUT", url, content, None)

    def push(self, content):
        """A large file, by whatever way it is told to go; the answer to its last step."""
        status, headers, told = self.batch((sha256(content), len(content)))
        if status != 200:
            return status, headers, told
        action = told["objects"][0].get("actions")
        if action is None:
            return 200, {}, b""
        header = action["upload"]["header"]
        if "chunk_size" not in header:
            return self.put(action["upload"]["href"], content)
        return self.finish(action, sha256(content), self.send(header, content))

    def send(self, header, content, numbers=None):
        """The parts; their ETags by number."""
        size, etags = int(header["chunk_size"]), {}
        for number in numbers or range(1, -(-len(content) // size) + 1):
            status, headers, _ = self.put(header[str(number)], content[(number - 1) * size : number * size])
            if status == 200:
                etags[number] = headers["ETag"]
        return etags

    def finish(self, action, oid, etags):
        parts = [{"partNumber": number, "etag": etag} for number, etag in etags.items()]
        return self.call("POST", action["upload"]["href"], {"oid": oid, "parts": parts}, None, LFS)

    def get(self, path, revision="main"):
        """A file's content, from wherever it lies."""
        status, headers, text = self.call("GET", f"/{self.repo}/resolve/{revision}/{urllib.parse.quote(path)}")
        if status == 302:
            status, headers, text = self.call("GET", headers["Location"], token=None)
        return text if status == 200 else None


def refused(what, answer, status, code=None):
    """An error as the Hub makes it."""
    same(f"{what}: status", answer[0], status)
    same(f"{what}: code", answer[1].get("X-Error-Code"), code)
    check(f"{what}: text", isinstance(answer[2], dict) and answer[2]["error"], answer[2])

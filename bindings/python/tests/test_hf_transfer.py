"""hfx.hf_transfer in the place of hf_transfer, used as huggingface_hub and hf_transfer's own documentation do."""

import hashlib
import inspect
import json
import sys
import unittest
import urllib.request
from unittest import mock

from hub import BIG, HUB, M, content, folder, fresh

import hf_transfer as theirs

import hfx
import hfx.hf_transfer

URL = f"{HUB.endpoint}/acme/llama/resolve/main/big.bin"


def lfs_batch(repo, data, oid):
    """Where the Hub wants the parts of an object."""
    body = {
        "operation": "upload",
        "transfers": ["basic", "multipart"],
        "objects": [{"oid": oid, "size": len(data)}],
        "hash_algo": "sha256",
    }
    headers = {"Authorization": "Bearer hf_rw", "Content-Type": "application/vnd.git-lfs+json"}
    headers["Accept"] = headers["Content-Type"]
    request = urllib.request.Request(
        f"{HUB.endpoint}/{repo}.git/info/lfs/objects/batch", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["objects"][0]["actions"]["upload"]


class HfTransfer(unittest.TestCase):
    def setUp(self):
        HUB.faults()

    def test_signatures(self):
        for name in ("download", "multipart_upload"):
            ours = inspect.signature(getattr(hfx.hf_transfer, name)).parameters
            other = inspect.signature(getattr(theirs, name)).parameters
            self.assertEqual(
                [(one.name, one.default) for one in ours.values()], [(one.name, one.default) for one in other.values()]
            )

    def test_download(self):
        # As huggingface_hub called it.
        with mock.patch.dict(sys.modules, {"hf_transfer": hfx.hf_transfer}):
            from hf_transfer import download
        for transfer in (download, theirs.download):
            to, steps = folder() / "big.bin", []
            transfer(
                url=URL,
                filename=str(to),
                max_files=100,
                chunk_size=M,
                headers={"user-agent": "mine"},
                parallel_failures=3,
                max_retries=5,
                callback=steps.append,
            )
            self.assertEqual(to.read_bytes(), BIG)
            # hf_transfer leaves the last byte of each chunk out.
            self.assertEqual(sum(steps), len(BIG) - (8 if transfer is theirs.download else 0))
            self.assertTrue(all(step > 0 for step in steps))

    def test_headers(self):
        # hf_transfer sends them to the store as well, which refuses them.
        HUB.forget()
        headers = {"authorization": "Bearer hf_ro", "x-mine": "1"}
        hfx.hf_transfer.download(URL, str(folder() / "x"), 4, M, headers=headers)
        told = {(request["port"], bool(request["authorization"])) for request in HUB.requests()}
        self.assertEqual(told, {("hub", True), ("cdn", False)})

    def test_download_that_fails(self):
        with self.assertRaises(hfx.errors.HfHubHTTPError):
            hfx.hf_transfer.download(f"{HUB.endpoint}/acme/llama/resolve/main/none", str(folder() / "x"), 2, M)
        with self.assertRaises(ZeroDivisionError):
            hfx.hf_transfer.download(URL, str(folder() / "x"), 2, M, callback=lambda step: 1 / 0)
        for wrong in (dict(parallel_failures=3, max_retries=1), dict(parallel_failures=1), dict(max_retries=1)):
            with self.assertRaises(ValueError):
                hfx.hf_transfer.download(URL, str(folder() / "x"), 2, M, **wrong)

    def test_one_put(self):
        repo = hfx.create_repo(fresh()).repo_id
        data = content(repo, 2 * M)
        file = folder() / "data.bin"
        file.write_bytes(data)
        upload = lfs_batch(repo, data, hashlib.sha256(data).hexdigest())
        with hfx.Client.from_env() as client:
            (answer,) = client.upload_url(file, upload["href"]).result()
        self.assertIsInstance(answer, dict)
        put = [request for request in HUB.requests() if request["method"] == "PUT"][-1]
        self.assertEqual((put["bytes_received"], put["authorization"]), (len(data), False))

    def test_multipart_upload(self):
        # As huggingface_hub called it, to the addresses of an LFS batch.
        for transfer in (hfx.hf_transfer.multipart_upload, theirs.multipart_upload):
            repo = hfx.create_repo(fresh()).repo_id
            data = content(repo, 3 * M + 9)
            file = folder() / "data.bin"
            file.write_bytes(data)
            upload = lfs_batch(repo, data, hashlib.sha256(data).hexdigest())
            size = int(upload["header"].pop("chunk_size"))
            urls = [url for _, url in sorted((int(n), url) for n, url in upload["header"].items() if n.isdigit())]
            self.assertEqual((size, len(urls)), (M, 4))
            steps = []
            answers = transfer(
                file_path=str(file),
                parts_urls=urls,
                chunk_size=size,
                max_files=128,
                parallel_failures=127,
                max_retries=5,
                callback=steps.append,
            )
            # hf_transfer counts the last part as a whole one.
            self.assertEqual(
                (len(answers), sum(steps)), (4, 4 * M if transfer is theirs.multipart_upload else len(data))
            )
            self.assertTrue(all(answer["etag"] for answer in answers))
            parts = [{"partNumber": n + 1, "etag": answer["etag"]} for n, answer in enumerate(answers)]
            body = {"oid": hashlib.sha256(data).hexdigest(), "parts": parts}
            headers = {"Content-Type": "application/vnd.git-lfs+json", "Accept": "application/vnd.git-lfs+json"}
            request = urllib.request.Request(upload["href"], json.dumps(body).encode(), headers, method="POST")
            with urllib.request.urlopen(request) as answer:
                self.assertEqual(answer.status, 200)


if __name__ == "__main__":
    unittest.main()

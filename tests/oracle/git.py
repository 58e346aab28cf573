"""git-lfs against the local Hub: a plain push and clone of a bare repository, its large files over the Hub."""

import os
import shutil
import subprocess
import sys

from lib import ROOT, Hub, check, end, same
from raw import M, Raw, data, sha256

if not shutil.which("git-lfs"):
    print("no git-lfs")
    sys.exit(77)

hub = Hub("--multipart-from", "3M", "--chunk-size", "1M", "--token", "hf_rw")
raw = Raw(hub, "acme/git", "hf_rw")
raw.call("POST", "/api/repos/create", {"name": "git", "organization": "acme", "private": True})
os.environ.update(GIT_CONFIG_GLOBAL=str(ROOT / "gitconfig"), GIT_CONFIG_NOSYSTEM="1", GIT_TERMINAL_PROMPT="0")


def git(*args, at=ROOT):
    done = subprocess.run(["git", *map(str, args)], cwd=at, capture_output=True, text=True, timeout=60)
    check(f"git {' '.join(map(str, args))}", done.returncode == 0, done.stdout, done.stderr)
    return done.stdout


# The token as git keeps it.
with open(ROOT / "credentials", "w") as file:
    file.write(hub.endpoint.replace("http://", "http://user:hf_rw@") + "\n")
for name, value in {
    "user.name": "Ann",
    "user.email": "ann@localhost",
    "init.defaultBranch": "main",
    "credential.helper": f"store --file={ROOT}/credentials",
    "credential.useHttpPath": "false",
}.items():
    git("config", "--global", name, value)
git("lfs", "install", "--skip-repo")
bare, work, clone = ROOT / "bare.git", ROOT / "work", ROOT / "clone"
git("init", "--bare", bare)
git("init", work)
files = {f"f{number}.bin": data(number, number * M + 7) for number in range(5)}
for name, content in files.items():
    (work / name).write_bytes(content)
(work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
(work / ".lfsconfig").write_text(f"[lfs]\n\turl = {hub.endpoint}/acme/git.git/info/lfs\n")
git("add", ".", at=work)
git("commit", "-m", "Large files", at=work)
git("remote", "add", "origin", bare, at=work)
git("push", "origin", "main", at=work)
puts = [entry for entry in hub.requests() if entry["method"] == "PUT"]
same("each was sent once, whole", sorted(entry["bytes_received"] for entry in puts), sorted(map(len, files.values())))
check("all answered", all(entry["status"] == 200 for entry in puts))
verified = [entry for entry in hub.requests() if entry["path"].endswith("/verify") and "locks" not in entry["path"]]
same("each was verified", [entry["status"] for entry in verified], [200] * 5)
git("clone", bare, clone)
for name, content in files.items():
    check(f"content of {name}", (clone / name).read_bytes() == content)
hub.forget()
(clone / "f1.bin").write_bytes(data("new", 2 * M))
git("commit", "-am", "One anew", at=clone)
git("push", "origin", "main", at=clone)
same("only what is new is sent", [entry["bytes_received"] for entry in hub.requests() if entry["method"] == "PUT"], [2 * M])
git("pull", "origin", "main", at=work)
check("and fetched", (work / "f1.bin").read_bytes() == data("new", 2 * M))
told = raw.batch((sha256(files["f4.bin"]), len(files["f4.bin"])), operation="download")[2]["objects"][0]
check("the Hub has it", "actions" in told)
end()

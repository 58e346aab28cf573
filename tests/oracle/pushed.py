"""What hfx pushes, the Python client lists and downloads with equal hashes, and what that pushes, hfx downloads. The same
folder with the same patterns becomes the same repository whoever uploads it, and neither has anything to add to what
the other has made."""

import os
import random
import tempfile
from pathlib import Path

from lib import HFX, ROOT, Hub, check, end, git_id, hf, hfx, same

HUB = Hub("--multipart-from", "3M", "--chunk-size", "1M")
os.environ.update(HF_ENDPOINT=HUB.endpoint, HF_HUB_DISABLE_XET="1", HF_TOKEN="hf_any")

from huggingface_hub import HfApi, snapshot_download

api = HfApi()
M = 1 << 20


def content(seed, size):
    return random.Random(seed).randbytes(size)


def tree(repo, **where):
    """What the Hub lists: sizes and hashes by path."""
    entries = api.list_repo_tree(repo, recursive=True, **where)
    files = {entry.path: entry for entry in entries if hasattr(entry, "size")}
    files.pop(".gitattributes", None)
    return {path: (file.size, file.blob_id, file.lfs and file.lfs.sha256) for path, file in files.items()}


def head(repo, **where):
    return api.repo_info(repo, **where).sha


FOLDER = Path(ROOT, "folder")
SIZES = [0, 1, 511, 512, 513, M - 1, M, M + 1, 2 * M, 3 * M - 1, 3 * M, 3 * M + 1, 4 * M, 6 * M + 7]


def fill():
    files = {f"sizes/{size}.dat": content(size, size) for size in SIZES}
    files |= {f"many/f{number:03}.txt": b"content %d" % number for number in range(300)}
    files |= {"a b/ü ß.txt": b"named", "README.md": b"---\nlicense: mit\n---\n# Title\n", "twin.bin": content(4 * M, 4 * M)}
    files |= {".gitignore": b"*.ignored\n/build/\n", "x.ignored": b"x", "build/out.bin": b"x", "deep/build/in.txt": b"x"}
    files |= {".hidden": b"h", ".git/config": b"g", "deep/.git/config": b"g", ".github/flow.yml": b"w"}
    files |= {".cache/huggingface/x": b"c", "deep/.gitignore": b"*\n", "[x]/{y}.txt": b"odd", "deep/er/file.bin": b"small bin"}
    for path, data in files.items():
        Path(FOLDER, path).parent.mkdir(parents=True, exist_ok=True)
        Path(FOLDER, path).write_bytes(data)
    Path(FOLDER, "empty").mkdir()
    Path(FOLDER, "link.txt").symlink_to(FOLDER / "README.md")
    Path(FOLDER, "link folder").symlink_to(FOLDER / "a b")
    Path(FOLDER, "link to nothing").symlink_to(FOLDER / "nothing")
    return files


def ours():
    """A folder of everything, and the client's look at it."""
    url = hfx("upload", "acme/ours", FOLDER, "-q")
    same("the URL", url, f"{HUB.endpoint}/acme/ours/commit/{head('acme/ours')}")
    listed = tree("acme/ours")
    gone = {"x.ignored", "build/out.bin", ".git/config", "deep/.git/config", ".cache/huggingface/x"}
    want = (set(FILES) - gone) | {"link.txt"}
    same("the files", sorted(listed), sorted(want))
    folder = Path(snapshot_download("acme/ours", cache_dir=tempfile.mkdtemp(dir=ROOT)))
    for path in want:
        data = Path(FOLDER, path).read_bytes()
        check(f"content of {path}", (folder / path).read_bytes() == data)
        size, blob, sha256 = listed[path]
        check(f"listing of {path}", size == len(data) and (sha256 or blob == git_id(data)))
    before = head("acme/ours")
    info = api.upload_folder(repo_id="acme/ours", folder_path=FOLDER)
    same("the Python client has nothing to add", info.oid, before)
    commits = api.list_repo_commits("acme/ours")
    same("commits", len(commits), 2)


def theirs():
    """What the Python client pushes, hfx downloads."""
    api.create_repo("acme/theirs")
    api.upload_folder(repo_id="acme/theirs", folder_path=FOLDER, commit_message="all")
    same("the same repository", tree("acme/theirs"), tree("acme/ours"))
    folder = Path(hfx("download", "acme/theirs", "-q", "--cache-dir", tempfile.mkdtemp(dir=ROOT)))
    for path in tree("acme/theirs"):
        check(f"hfx's download of {path}", (folder / path).read_bytes() == Path(FOLDER, path).read_bytes())
    before = head("acme/theirs")
    hfx("upload", "acme/theirs", FOLDER, "-q")
    same("hfx has nothing to add", head("acme/theirs"), before)


def alike(name, *line, **where):
    """The same command line to both tools; the same repository."""
    for tool, repo in ((hfx, "acme/ours"), (hf, "acme/theirs")):
        tool("upload", repo, *line)
    got, want = tree("acme/ours", **where), tree("acme/theirs", **where)
    same(f"{name}: the files", sorted(got), sorted(want))
    check(f"{name}: their hashes", got == want)


def both():
    os.chdir(ROOT)
    alike("a file", FOLDER / "sizes/513.dat")
    alike("a file elsewhere", FOLDER / "sizes/513.dat", "else/where.dat")
    alike("a folder below", FOLDER / "deep", "below/it")
    alike("a folder at the root", FOLDER / "a b", ".")
    alike("include", FOLDER, "included", "--include", "*.txt", "--include", "sizes/1*")
    alike("exclude", FOLDER, "excluded", "--exclude", "many/*", "--exclude", "*.dat")
    alike("include and exclude", FOLDER, "chosen", "--include", "*.dat", "--exclude", "*/1*")
    alike("brackets", FOLDER, "odd", "--include", "[[]x]/*")
    os.chdir(FOLDER)
    alike("a pattern", "sizes/*3.dat")
    os.chdir(ROOT)
    for path in ("many/f000.txt", "many/f001.txt", "a b/ü ß.txt"):
        Path(FOLDER, path).unlink()
    Path(FOLDER, "many/f002.txt").write_text("other")
    alike("delete", FOLDER, "--delete", "many/*", "--delete", "a b/*")
    alike("delete below", FOLDER / "many", "included", "--delete", "*.dat", "--include", "f01*")
    alike("delete all but", FOLDER / "deep", "excluded", "--delete", "*")
    alike("a new branch", FOLDER / "deep", "--revision", "dev", revision="dev")
    alike("a pull request", FOLDER / "deep", "proposed", "--create-pr", revision="refs/pr/1")
    messages = ["--commit-message", "A title", "--commit-description", "Lines\nof it"]
    alike("messages", FOLDER / "README.md", "last.md", *messages)
    for repo in ("acme/ours", "acme/theirs"):
        last = api.list_repo_commits(repo)[0]
        same(f"the message in {repo}", (last.title, last.message), ("A title", "Lines\nof it"))
    opened = api.get_discussion_details("acme/ours", 1)
    same("the pull request", (opened.is_pull_request, opened.num), (True, 1))


def large_folder():
    """Commits in between by the other one change nothing; resumed folders either."""
    api.create_repo("acme/large")
    folder = Path(ROOT, "large")
    for number in range(120):
        Path(folder, f"{number % 3}").mkdir(parents=True, exist_ok=True)
        Path(folder, f"{number % 3}/f{number}.txt").write_text(f"{number}")
    Path(folder, "big.bin").write_bytes(content("big", 5 * M + 1))
    hfx("upload", "acme/large", folder, "-q", "-o", "commits=paced")
    titles = [commit.title for commit in api.list_repo_commits("acme/large")]
    same("titles", titles[:2], ["Upload folder with hfx (part 00002)", "Upload folder with hfx (part 00001)"])
    before = head("acme/large")
    same("upload_folder adds nothing", api.upload_folder(repo_id="acme/large", folder_path=folder).oid, before)
    got = Path(snapshot_download("acme/large", cache_dir=tempfile.mkdtemp(dir=ROOT)))
    files = [path for path in folder.rglob("*") if path.is_file()]
    check("all of it", all((got / path.relative_to(folder)).read_bytes() == path.read_bytes() for path in files))
    same("and no more", len(tree("acme/large")), 121)


FILES = fill()
ours()
theirs()
both()
large_folder()
end()

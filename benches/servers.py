"""What the bench talks to: test data, certificates, nginx as Hub and CDN, the long line, the sink, `hfx serve`."""

import hashlib
import json
import os
import queue
import random
import shutil
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BIG_REPO = "bench/big"
SMALL_REPO = "bench/small"
PINNED_REPO = "bench/pinned"
UPLOAD_REPO = "bench/upload"
CHUNK = 1 << 20
PAGE = 1000  # entries on a page of a listing, as on the Hub
ROUGH = ("--slow-every", "10", "--dying-every", "20")  # options of the long line: a tenth is slow, a twentieth dies
NO_RUSTC = "rustc is not installed, so the long line and the sink can't be built"


@dataclass(frozen=True)
class DataFile:
    """A served file and what it must be on arrival."""

    name: str
    size: int
    sha256: str
    git_sha1: str

    @property
    def lfs(self) -> bool:
        """By its ending, as a repository's .gitattributes say."""
        return self.name.endswith(".bin")


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def make_file(path: Path, size: int, seed: int) -> DataFile:
    """Writes `size` bytes that look random and are the same each time."""
    source = random.Random(seed)
    sha256 = hashlib.sha256()
    git = hashlib.sha1(b"blob %d\0" % size)
    with open(path, "wb") as out:
        for start in range(0, size, CHUNK):
            chunk = source.randbytes(min(CHUNK, size - start))
            out.write(chunk)
            sha256.update(chunk)
            git.update(chunk)
    return DataFile(path.name, size, sha256.hexdigest(), git.hexdigest())


def make_certificates(folder: Path, openssl: str) -> Path:
    """A CA and a certificate for 127.0.0.1 signed by it; returns the CA's PEM."""

    def call(*args: str) -> None:
        subprocess.run([openssl, *args], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    call("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=hfx bench CA",
         "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    call("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    (folder / "server.ext").write_text(
        "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
    )
    call("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
         "-out", "server.pem", "-days", "30", "-extfile", "server.ext")
    return folder / "ca.pem"


# ---- nginx -------------------------------------------------------------------------------------------------------

NGINX = """
daemon off;
{user}
worker_processes auto;
pid {work}/nginx.pid;
error_log {work}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {work}/nginx-body;
    proxy_temp_path {work}/nginx-proxy;
    fastcgi_temp_path {work}/nginx-fastcgi;
    scgi_temp_path {work}/nginx-scgi;
    uwsgi_temp_path {work}/nginx-uwsgi;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    output_buffers 2 256k;
    open_file_cache max=4096;
    keepalive_timeout 75s;
    keepalive_requests 1000000;
    ssl_certificate {certificates}/server.pem;
    ssl_certificate_key {certificates}/server.key;
    ssl_protocols TLSv1.3;
    ssl_session_cache shared:bench:4m;
    default_type application/octet-stream;
    map_hash_max_size 65536;
    map_hash_bucket_size 2048;
    map $scheme $cdn {{ http 127.0.0.1:{cdn_http}; https 127.0.0.1:{cdn_https}; }}
    map $http_host $line_cdn {{ ~(?<port>:[0-9]+)$ localhost$port; }}  # another host, by the way that the client came
    map $uri $small_etag {{ default ""; include {work}/small-etags; }}
    map $request_filename $next_page {{ default ""; include {work}/next-pages; }}
    server {{                                       # the CDN: plain files
        listen 127.0.0.1:{cdn_http};
        listen 127.0.0.1:{cdn_https} ssl;
        root {data};
    }}
    server {{                                       # the Hub: metadata, redirects to the CDN, small files
        listen 127.0.0.1:{hub_http};
        listen 127.0.0.1:{hub_https} ssl;
        absolute_redirect off;
        location /cdn/ {{ alias {data}/; }}          # for clients on the long line, which leads to this port alone
        include {work}/hub-locations;
    }}
}}
"""

BIG_LOCATION = """
location ~ ^/{repo}/resolve/[^/]+/{pattern}$ {{
    add_header X-Repo-Commit {commit} always;
    add_header X-Linked-Etag '"{sha256}"' always;
    add_header X-Linked-Size {size} always;
    return 302 $scheme://{target}/{name};
}}
"""

SMALL_LOCATION = """
location ~ ^/{repo}/resolve/[^/]+/(.+)$ {{
    etag off;
    add_header ETag '"$small_etag"' always;
    add_header X-Repo-Commit {commit} always;
    alias {folder}/$1;
}}
"""

API_LOCATIONS = """
location ~ ^/api/models/{repo}/tree/ {{ default_type application/json; add_header Link $next_page; alias {tree}$arg_cursor; }}
location ~ ^/api/models/{repo}(/revision/[^/]+)?$ {{ default_type application/json; alias {info}; }}
"""


def free_ports(count: int) -> list[int]:
    """Ports of their own: one after the other, two may be the same."""
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]


def api_locations(work: Path, repo: str, files: list[DataFile]) -> tuple[str, list[str]]:
    """The repo's info and the pages of its tree, as files that nginx serves; and what leads from page to page."""
    name = repo.replace("/", "-")
    info = {"id": repo, "modelId": repo, "sha": COMMIT, "private": False, "gated": False, "disabled": False,
            "tags": [], "siblings": [{"rfilename": f.name} for f in files]}
    (work / f"{name}-info.json").write_text(json.dumps(info))
    pages = {f"{name}-tree{start or ''}": files[start : start + PAGE] for start in range(0, len(files), PAGE)}
    for page, entries in pages.items():
        (work / page).write_text(json.dumps([tree_entry(f) for f in entries]))
    link = "'<$scheme://$http_host$uri?recursive=true&cursor={}>; rel=\"next\"'"
    links = [f"{work / page} {link.format((i + 1) * PAGE)};\n" for i, page in enumerate(list(pages)[:-1])]
    return API_LOCATIONS.format(repo=repo, tree=work / f"{name}-tree", info=work / f"{name}-info.json"), links


def tree_entry(file: DataFile) -> dict:
    entry = {"type": "file", "oid": file.git_sha1, "size": file.size, "path": file.name}
    if file.lfs:
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 134}
    return entry


def lfs_location(repo: str, file: DataFile, target: str) -> str:
    pattern = file.name.replace(".", "\\.")
    return BIG_LOCATION.format(repo=repo, commit=COMMIT, pattern=pattern, target=target, **asdict(file))


def write_nginx_files(work: Path, certificates: Path, data: Path, ports: dict, big: list[DataFile],
                      small: dict[str, list[DataFile]]) -> Path:
    hub, etags, next_pages = [], [], []
    for repo, files in {BIG_REPO: big, **small}.items():
        locations, links = api_locations(work, repo, files)
        hub.append(locations)
        next_pages += links
    hub += [lfs_location(BIG_REPO, f, "$cdn") for f in big]
    for repo, files in small.items():
        hub += [lfs_location(repo, f, f"$line_cdn/cdn/models/{repo}") for f in files if f.lfs]
        hub.append(SMALL_LOCATION.format(repo=repo, commit=COMMIT, folder=data / "models" / repo))
        etags += [f"/{repo}/resolve/{rev}/{f.name} {f.git_sha1};\n" for f in files for rev in ("main", COMMIT)]
    for name, lines in (("hub-locations", hub), ("small-etags", etags), ("next-pages", next_pages)):
        (work / name).write_text("".join(lines))
    user = "user root;" if os.geteuid() == 0 else ""
    conf = work / "nginx.conf"
    conf.write_text(NGINX.format(user=user, work=work, certificates=certificates, data=data, **ports))
    return conf


@contextmanager
def nginx(binary: str, work: Path, certificates: Path, data: Path, big: list[DataFile],
          small: dict[str, list[DataFile]]):
    """nginx on loopback; gives its ports by name."""
    names = ("cdn_http", "cdn_https", "hub_http", "hub_https")
    ports = dict(zip(names, free_ports(len(names))))
    conf = write_nginx_files(work, certificates, data, ports, big, small)
    log = work / "nginx.log"
    argv = [binary, "-p", str(work), "-e", str(log), "-c", str(conf)]
    with service(argv, log) as server:
        for port in ports.values():
            wait_for_port(port, server, log)
        yield ports


# ---- long line and hfx serve ---------------------------------------------------------------------------------------


def build_rust(name: str, build: Path) -> Path | None:
    """The program made of `name`.rs beside this file; none when there is neither a compiler nor an earlier build."""
    source, binary, rustc = Path(__file__).with_name(f"{name}.rs"), build / name, shutil.which("rustc")
    if rustc is None:
        return binary if binary.exists() else None
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        binary.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([rustc, "-O", "--edition", "2024", "-o", str(binary), str(source)], check=True)
    return binary


def build_c(name: str, build: Path, *libraries: str) -> Path | None:
    """The program made of `name`.c beside this file; none where the compiler or a library is missing."""
    source, binary, cc = Path(__file__).with_name(f"{name}.c"), build / name, shutil.which("cc")
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        if cc is None:
            return None
        binary.parent.mkdir(parents=True, exist_ok=True)
        made = subprocess.run([cc, "-O2", "-o", str(binary), str(source), *(f"-l{name}" for name in libraries)])
        if made.returncode:
            return None
    return binary


@contextmanager
def longline(binary: Path, target_port: int, work: Path, *options: str):
    """The long line before a port of this machine; gives its own port."""
    argv = [str(binary), "--target", f"127.0.0.1:{target_port}", *options]
    with listener(argv, work / "longline.log") as port:
        yield port


@contextmanager
def sink(binary: Path, chunk: int, work: Path):
    """The Hub that takes uploads in parts of `chunk` bytes and keeps nothing; gives its port."""
    with listener([str(binary), "--chunk", str(chunk)], work / "sink.log") as port:
        yield port


@contextmanager
def listener(argv: list[str], log: Path):
    """A server whose first line says where it listens; gives its port."""
    with service(argv, log, read_stdout=True) as server:
        line = first_line(server)
        if not line.startswith("listening on "):
            raise RuntimeError(f"{argv[0]} did not start: {line!r}, see {log}")
        yield int(line.rsplit(":", 1)[1])


@contextmanager
def hfx_serve(binary: str, folder: Path, work: Path, env: dict[str, str], *options: str):
    """`hfx serve` over a folder of repos; gives its endpoint."""
    argv = [binary, "serve", str(folder), "--listen", f"127.0.0.1:{free_ports(1)[0]}", *options]
    with service(argv, work / "hfx-serve.log", read_stdout=True, env=env) as server:
        line = first_line(server)
        if not line.startswith("HF_ENDPOINT="):
            raise RuntimeError(f"hfx serve did not start: {line!r}, see {work}/hfx-serve.log")
        yield line.removeprefix("HF_ENDPOINT=")


@contextmanager
def service(argv: list[str], log: Path, read_stdout: bool = False, env: dict[str, str] | None = None):
    """A process that runs as long as the block."""
    with open(log, "ab") as err:
        out = subprocess.PIPE if read_stdout else err
        server = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env)
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def first_line(server: subprocess.Popen, limit_s: float = 20) -> str:
    """The first line of a server's output; empty when none comes. The rest is read and dropped."""
    lines: queue.Queue[bytes] = queue.Queue()

    def drain() -> None:
        lines.put(server.stdout.readline())
        while server.stdout.read(65536):
            pass

    threading.Thread(target=drain, daemon=True).start()
    try:
        return lines.get(timeout=limit_s).decode(errors="replace").strip()
    except queue.Empty:
        return ""


def wait_for_port(port: int, server: subprocess.Popen, log: Path, limit_s: float = 10) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{server.args[0]} does not listen on port {port}: {log.read_text(errors='replace')[-500:]}")

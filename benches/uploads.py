"""The cases that send: one big file to the sink, at once and through the long line, and a folder of small files."""

import json
import mmap
import time
import urllib.request
import zlib

import servers
from measure import Failed, absent_case, new_row, run, sample_dict
from servers import SMALL_REPO, UPLOAD_REPO, DataFile, fresh
from tools import Tool, Upload, UploadTool

MIB = 1 << 20
CHUNK = 16 * MIB  # one part, as the Hub cuts them
WARM_SIZE = 4 * CHUNK + 12345
SAMPLE = 4096  # bytes of every MiB that the sink looks at while it is measured; before, in the warm-up, at all of them
ROUND_TRIP_S = 0.040
LINE_COUNT = 16


def plain_case(bench) -> list[dict]:
    box = bench.box
    contenders = [box.hfx_upload(), box.hub_upload(), box.hf_transfer_upload(digest_first=True),
                  box.hf_transfer_upload(), box.curl_put()]
    return file_case(bench, "upload-plain", "upload", contenders)


def line_case(bench) -> list[dict]:
    box = bench.box
    contenders = [box.hfx_upload(), box.hub_upload(most_rounds=1), box.hf_transfer_upload(digest_first=True),
                  box.hf_transfer_upload(), box.curl_parts(LINE_COUNT)]
    return file_case(bench, "upload-longline", "upload-line", contenders, line_options=())


def rough_case(bench) -> list[dict]:
    """The long line where some connections are slow, and some die."""
    contenders = [bench.box.hfx_upload(), bench.box.hf_transfer_upload()]
    return file_case(bench, "upload-longline-rough", "upload-line", contenders, line_options=servers.ROUGH)


def file_case(bench, name: str, kind: str, contenders: list[UploadTool],
              line_options: tuple[str, ...] | None = None) -> list[dict]:
    sink, line = (servers.build_rust(program, bench.args.build) for program in ("sink", "longline"))
    if sink is None or line is None:
        return [absent_case(name, kind, servers.NO_RUSTC)]
    file, warm = make_files(bench)
    rows = [new_row(tool) for tool in contenders]
    with servers.sink(sink, CHUNK, bench.work) as port:
        if line_options is not None:
            with servers.longline(line, port, bench.work, *line_options) as line_port:
                measure(bench, name, contenders, rows, port, line_port, file, warm)
        else:
            measure(bench, name, contenders, rows, port, port, file, warm)
    return [{"name": name, "kind": kind, "bytes": file.size, "rows": rows}]


def make_files(bench) -> tuple[DataFile, DataFile]:
    """The file to send, half of the bench's size, and that of the warm-up, which ends in the middle of a part."""
    made = []
    for seed, (name, size) in enumerate({"upload.bin": bench.args.size // 2, "upload-warm.bin": WARM_SIZE}.items()):
        if name not in bench.files:
            bench.files[name] = servers.make_file(bench.data / name, size, 100 + seed)
        made.append(bench.files[name])
    return made[0], made[1]


def measure(bench, name: str, contenders: list[UploadTool], rows: list[dict], port: int, way: int,
            file: DataFile, warm: DataFile) -> None:
    """Sends with every tool to `way`, which leads to the sink at `port`."""
    sink = f"http://127.0.0.1:{port}"
    round_trip = ROUND_TRIP_S if way != port else 0.0

    def send(tool: UploadTool, file: DataFile, sample: int) -> dict:
        upload = Upload(f"http://127.0.0.1:{way}", bench.data / file.name, file, CHUNK)
        env = {**bench.env, "HF_ENDPOINT": upload.hub, "HF_HOME": str(fresh(bench.places["tmpfs"] / "hf"))}
        ask(f"{sink}/_sink/reset?sample={sample}", method="POST")
        start = time.time()
        cost = run(tool.command(upload), env, bench.log)
        told = ask(f"{sink}/_sink/stats")
        check_received(tool, upload, told, sample)
        result = sample_dict(cost, None)
        # The line holds all bytes of the client for a round trip, so the first one was sent that much earlier.
        result["get"]["sending"] = start + cost.wall - (told["first"] - round_trip)
        result["get"]["bytes_alone"] = told["last"] - told["first"]
        result["sink"] = {key: told[key] for key in ("connections", "requests", "bytes")}
        return result

    bench.each(name, contenders, rows, lambda tool: send(tool, warm, MIB))
    bench.in_turns(name, contenders, rows, bench.args.rounds, lambda tool: send(tool, file, SAMPLE))


def ask(url: str, method: str = "GET") -> dict | list:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=60) as answer:
        return json.load(answer)


def check_received(tool: UploadTool, upload: Upload, told: dict, sample: int) -> None:
    """Every part came, with the right length and the right bytes; and it was completed and committed."""
    oid = upload.file.sha256
    wanted = expected_parts(upload, tool, sample)
    found = [(part["oid"], part["number"], part["bytes"], part["crc"]) for part in told["parts"]]
    if found != wanted:
        wrong = sorted(set(wanted) ^ set(found))[:2]
        raise Failed(f"WRONG UPLOAD: {len(found)} parts came, {len(wanted)} were wanted; the first that differ: {wrong}")
    if tool.checks and not (told["completed"] == told["committed"] == [oid]):
        raise Failed(f"WRONG UPLOAD: completed {told['completed']}, committed {told['committed']}, wanted [{oid}]")


def expected_parts(upload: Upload, tool: UploadTool, sample: int) -> list[tuple[str, int, int, int]]:
    """What the sink has to tell: its CRC is that of the first `sample` bytes of every MiB of a part."""
    parts, part_size = [], tool.part_size(upload)
    with open(upload.path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for number, place in enumerate(range(0, len(data), part_size), 1):
            start = 0 if tool.repeats else place
            end, crc = min(start + part_size, len(data)), 0
            for at in range(start, end, MIB):
                crc = zlib.crc32(data[at : min(at + sample, at + MIB, end)], crc)
            parts.append((upload.file.sha256, number, end - start, crc))
    return parts


# ---- small files ---------------------------------------------------------------------------------------------------


def small_case(bench) -> list[dict]:
    """A folder of many small files in a new repository on a new `hfx serve`, as regular files of a commit."""
    name = kind = "upload-small"
    if bench.box.hfx_absent:
        return [absent_case(name, kind, f"no hfx serve: {bench.box.hfx_absent}", len(bench.small[SMALL_REPO]))]
    contenders = [bench.box.hfx_upload_folder(), bench.box.hub_upload_folder()]
    rows = [new_row(tool) for tool in contenders]
    files = bench.small[SMALL_REPO]

    def once(tool: Tool) -> dict:
        place = fresh(bench.places["tmpfs"])
        hub = fresh(place / "hub")
        env = {**bench.env, "HF_HOME": str(fresh(place / "hf"))}
        try:
            with servers.hfx_serve(bench.box.hfx, hub, bench.work, bench.env, "--page-size", "10000") as endpoint:
                cost = run(tool.command(endpoint, bench.data / "models" / SMALL_REPO),
                           {**env, "HF_ENDPOINT": endpoint}, bench.log)
                check_folder(endpoint, files)
        except RuntimeError as error:
            raise Failed(str(error)) from error
        return sample_dict(cost, None)

    bench.in_turns(name, contenders, rows, bench.args.rounds, once)
    return [{"name": name, "kind": kind, "bytes": sum(f.size for f in files), "files": len(files), "rows": rows}]


def check_folder(endpoint: str, files: list[DataFile]) -> None:
    tree = ask(f"{endpoint}/api/models/{UPLOAD_REPO}/tree/main?recursive=true")
    found = {entry["path"]: entry["oid"] for entry in tree if entry["type"] == "file"}
    wrong = [file.name for file in files if found.get(file.name) != file.git_sha1]
    if wrong:
        raise Failed(f"WRONG UPLOAD: {len(wrong)} of {len(files)} files are missing or differ, {wrong[0]} is the first")

"""Turns the raw samples into the Markdown of BENCHMARKS.md."""

import math
from statistics import median

from tools import DIGEST_THEN_HF_TRANSFER, FLOOR, HFX_SNAPSHOT_UNHASHED, HFX_UNHASHED

MIB = 1 << 20
GIB = 1 << 30
CHECKER = "openssl dgst -sha256"
ROUND_TRIP_S = 0.040


def markdown(result: dict, picture: str | None = None) -> str:
    parts = [heading(result)]
    parts += [TABLES[case["kind"]](case, result) for case in result["cases"]]
    if picture:
        parts.append(f"![Time and memory as files get more and larger]({picture})\n")
    parts.append(targets_table(result))
    return "\n".join(parts)


def heading(result: dict) -> str:
    m = result["machine"]
    return (
        f"`{result['command']}`\n\n"
        f"{m['cores']} cores of {m['cpu']}, {m['memory_gib']} GiB, Linux {m['kernel']}, "
        f"disk {m['disk']}, memory {m['tmpfs']}; load before {m['load_before']}. One core does {m['sha256_bytes_per_s'] / 1e6:.0f} MB/s of SHA-256 with openssl "
        f"({'with' if m['sha_instructions'] else 'without'} SHA instructions). {'; '.join(m['versions'])}.\n\n"
        f"Medians of {result['rounds']} rounds A B A B in one run (range in brackets). "
        "Client only: server and line are not counted. "
        f"hfx verifies SHA-256 while it downloads; \"checked\" adds `{CHECKER}` to the others. "
        "Every upload to a Hub is hashed before it is sent; hf_transfer and curl alone do neither that nor the commit.\n"
    )


# ---- values --------------------------------------------------------------------------------------------------------


def values(row: dict, field: str, checked: bool = False) -> list[float]:
    """One number a run; `checked` adds the run of openssl where there was one."""
    return [run["get"][field] + (run["check"][field] if checked and run["check"] else 0) for run in row["runs"]]


def middle(row: dict | None, field: str, checked: bool = False) -> float | None:
    return median(values(row, field, checked)) if row and row["runs"] and not row["error"] else None


def check_wall(row: dict | None) -> float | None:
    """What openssl alone took after this peer."""
    return median(run["check"]["wall"] for run in row["runs"]) if row and row["runs"] and row["runs"][0]["check"] else None


def peak(row: dict | None, field: str) -> float | None:
    return max(values(row, field)) if row and row["runs"] and not row["error"] else None


def find(case: dict, tool: str) -> dict | None:
    return next((row for row in case["rows"] if row["tool"] == tool), None)


def ratio(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def spread(row: dict, field: str, checked: bool = False, scale: float = 1, digits: int = 2) -> str:
    """The median and, of several runs, the range."""
    found = [v * scale for v in values(row, field, checked)]
    text = number(median(found), digits)
    return text if len(found) == 1 else f"{text} ({min(found):.{digits}f}–{max(found):.{digits}f})"


# ---- one table a case ----------------------------------------------------------------------------------------------


def table(title: str, columns: list[str], case: dict, cells) -> str:
    lines = [f"### {title}\n", line(columns), line(["---"] * len(columns))]
    for row in case["rows"]:
        lines.append(line([row["tool"], *(cells(row) if row["runs"] and not row["error"] else gap(row, columns))]))
    return "\n".join(lines) + "\n"


def line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def gap(row: dict, columns: list[str]) -> list[str]:
    why = f"absent: {row['absent']}" if row["absent"] else f"**FAILED**: {row['error'] or 'did not run'}"
    return [why.replace("|", "/")] + ["-"] * (len(columns) - 2)


def memory_cells(row: dict) -> list[str]:
    return [number(peak(row, field) / MIB, 0) for field in ("anon", "rss")]


def file_table(case: dict, _: dict) -> str:
    gib = case["bytes"] / GIB
    hfx = find(case, "hfx get") or case["rows"][0]
    columns = ["", "wall s", "CPU s/GiB", "checked: wall s", "checked: CPU s/GiB", "hfx get / this, wall", "CPU",
               "RssAnon MiB", "RSS MiB"]

    def cells(row: dict) -> list[str]:
        return [
            number(middle(row, "wall")),
            number(middle(row, "cpu") / gib),
            spread(row, "wall", True),
            spread(row, "cpu", True, 1 / gib),
            number(ratio(middle(hfx, "wall", True), middle(row, "wall", True))),
            number(ratio(middle(hfx, "cpu", True), middle(row, "cpu", True))),
            *memory_cells(row),
        ]

    return table(f"{case['name']}: {size(case)}", columns, case, cells)


def line_table(case: dict, result: dict) -> str:
    gib = case["bytes"] / GIB
    columns = ["", "wall s", "MB/s", "share of the line", "CPU s/GiB", "RssAnon MiB", "RSS MiB"]

    def cells(row: dict) -> list[str]:
        speed = case["bytes"] / middle(row, "wall")
        return [spread(row, "wall"), number(speed / 1e6, 0), number(speed / result["line_bytes_per_s"]),
                number(middle(row, "cpu") / gib), *memory_cells(row)]

    what = f"{case['files']} files, {case['bytes'] / GIB:.2f} GiB" if case.get("files") else size(case)
    return table(f"{case['name']}: {what}, 40 ms, 50 MB/s a connection, 500 MB/s in all", columns, case, cells)


def small_table(case: dict, _: dict) -> str:
    columns = ["", "wall s", "files/s", "CPU s", "hfx is faster by", "RssAnon MiB", "RSS MiB"]
    hfx = case["rows"][0]
    what = "a folder" if case["kind"] == "upload-small" else "a snapshot"

    def cells(row: dict) -> list[str]:
        return [spread(row, "wall"), number(case["files"] / middle(row, "wall"), 0), number(middle(row, "cpu")),
                number(ratio(middle(row, "wall"), middle(hfx, "wall")), 1), *memory_cells(row)]

    return table(f"{case['name']}: {what} of {case['files']} files of 16 KiB", columns, case, cells)


def upload_table(case: dict, _: dict) -> str:
    gib = case["bytes"] / GIB
    hfx = case["rows"][0]
    columns = ["", "wall s", "of it after the first byte sent", "CPU s/GiB", "hfx upload / this, wall", "CPU", "RssAnon MiB", "RSS MiB"]

    def cells(row: dict) -> list[str]:
        return [
            spread(row, "wall"),
            number(middle(row, "sending")),
            spread(row, "cpu", scale=1 / gib),
            number(ratio(middle(hfx, "wall"), middle(row, "wall"))),
            number(ratio(middle(hfx, "cpu"), middle(row, "cpu"))),
            *memory_cells(row),
        ]

    return table(f"{case['name']}: {size(case)}", columns, case, cells)


def upload_line_table(case: dict, result: dict) -> str:
    gib, fastest = case["bytes"] / GIB, case["bytes"] / result["line_bytes_per_s"]
    columns = ["", "wall s", "share of the line", "first byte sent to the end: s", "share", "first to last byte: s", "share",
               "CPU s/GiB", "RssAnon MiB", "RSS MiB"]

    def cells(row: dict) -> list[str]:
        phases = [[spread(row, field), number(ratio(fastest, middle(row, field)))] for field in ("wall", "sending", "bytes_alone")]
        return [*sum(phases, []), number(middle(row, "cpu") / gib), *memory_cells(row)]

    return table(f"{case['name']}: {size(case)}, 40 ms, 50 MB/s a connection, 500 MB/s in all", columns, case, cells)


def cached_table(case: dict, _: dict) -> str:
    columns = ["", "process, wall ms", "CPU ms", "runs"]

    def cells(row: dict) -> list[str]:
        return [spread(row, "wall", scale=1e3, digits=1), number(middle(row, "cpu") * 1e3, 1), str(len(row["runs"]))]

    return table(f"{case['name']}: a cached, pinned snapshot of {case['files']} files", columns, case, cells)


def scaling_table(case: dict, _: dict) -> str:
    unit, scale, digits = UNITS[case["unit"]]
    columns = ["", "wall s", f"wall {unit}", "growth", "CPU s", f"CPU {unit}", "growth", "RssAnon MiB", "RSS MiB"]

    def cells(row: dict) -> list[str]:
        each = [[spread(row, field, digits=3), number(middle(row, field) / row["amount"] * scale, digits),
                 number(growth(case, row, field))]
                for field in ("wall", "cpu")]
        return [*sum(each, []), *memory_cells(row)]

    what = "a snapshot of files of 16 KiB from nginx" if case["unit"] == "file" else "`hfx get` of a file from nginx, its hash known"
    return table(f"{case['name']}: {what}; growth 1 is linear, below 1 a fixed cost is left", columns, case, cells)


def growth(case: dict, row: dict, field: str) -> float | None:
    """The slope to the row before in a picture with two logarithmic axes."""
    at = case["rows"].index(row)
    before = case["rows"][at - 1] if at else None
    times = ratio(middle(row, field), middle(before, field))
    return math.log(times) / math.log(row["amount"] / before["amount"]) if times else None


def measured(case: dict) -> list[dict]:
    return [row for row in case["rows"] if row["runs"] and not row["error"]]


def size(case: dict) -> str:
    return f"{case['bytes'] / GIB:g} GiB"


UNITS = {"file": ("ms a file", 1e3, 3), "byte": ("s a GiB", GIB, 2)}
TABLES = {"file": file_table, "durability": file_table, "line": line_table, "line-snapshot": line_table,
          "scaling": scaling_table, "small": small_table, "cached": cached_table,
          "upload": upload_table, "upload-line": upload_line_table, "upload-small": small_table}


# ---- the targets ---------------------------------------------------------------------------------------------------


def targets_table(result: dict) -> str:
    lines = ["### Targets\n", line(["target", "case", "measured", "to reach", ""]), line(["---"] * 5)]
    for case in result["cases"]:
        for name, value, limit, met in TARGETS.get(case["kind"], lambda *_: [])(case, result):
            verdict = "not measured" if value is None else "met" if met(value) else "**not met**"
            lines.append(line([name, case["name"], number(value), limit, verdict]))
    return "\n".join(lines) + "\n"


def at_most(limit: float):
    return lambda value: value <= limit


def at_least(limit: float):
    return lambda value: value >= limit


def file_targets(case: dict, _: dict) -> list[tuple]:
    hfx, curl = find(case, "hfx get"), find(case, "curl")
    peers = [row for row in case["rows"] if not row["tool"].startswith("hfx") and row["tool"] != FLOOR]
    measured = [row for row in peers if middle(row, "wall", True) is not None]
    best_row = min(measured, key=lambda row: middle(row, "wall", True), default=None)
    best = middle(best_row, "wall", True)
    return [
        (f"CPU: hfx get / (curl, then {CHECKER})", ratio(middle(hfx, "cpu", True), middle(curl, "cpu", True)),
         "<= 0.85", at_most(0.85)),
        (f"wall: hfx get / (best peer, then {CHECKER})", ratio(middle(hfx, "wall", True), best),
         f"<= 0.65 (openssl alone: {number(ratio(check_wall(best_row), best))})", at_most(0.65)),
        (f"CPU: hfx get / (the floor, then {CHECKER})",
         ratio(middle(hfx, "cpu", True), middle(find(case, FLOOR), "cpu", True)), "<= 1.15", at_most(1.15)),
        ("CPU: hfx get without a hash / the floor", ratio(middle(find(case, HFX_UNHASHED), "cpu"), middle(find(case, FLOOR), "cpu")),
         "<= 1.15", at_most(1.15)),
        memory_target(hfx),
    ]


def line_targets(case: dict, result: dict) -> list[tuple]:
    hfx, unhashed = find(case, "hfx get"), find(case, HFX_UNHASHED)
    hash_share = result["machine"]["sha256_bytes_per_s"] / result["line_bytes_per_s"]
    limit = ">= 0.9" if hash_share >= 1 else f">= 0.9 (SHA-256 on one core: {hash_share:.2f})"
    alone = 0.9 if case["name"].endswith("rough") else 0.95

    def share(row: dict | None) -> float | None:
        return ratio(case["bytes"] / result["line_bytes_per_s"], middle(row, "wall"))

    hashed = [("share of the line's 500 MB/s", share(hfx), limit, at_least(0.9)), memory_target(hfx)] if hfx else []
    return [*hashed, ("the same where no hash is known", share(unhashed), f">= {alone}", at_least(alone))]


def line_snapshot_targets(case: dict, result: dict) -> list[tuple]:
    fastest = case["bytes"] / result["line_bytes_per_s"]
    # To connect, the commit, the listing, the first file: before that the line carries next to nothing.
    waits = f"four round trips, then the line: {number(fastest / (fastest + 4 * ROUND_TRIP_S))}"
    hash_share = result["machine"]["sha256_bytes_per_s"] / result["line_bytes_per_s"]
    hashing = "" if hash_share >= 1 else f"; SHA-256 on one core: {number(hash_share)}"
    return [
        ("share of the line's 500 MB/s", ratio(fastest, middle(find(case, "hfx download"), "wall")),
         f">= 0.9 ({waits}{hashing})", at_least(0.9)),
        ("the same where no hash is known", ratio(fastest, middle(find(case, HFX_SNAPSHOT_UNHASHED), "wall")),
         f">= 0.9 ({waits})", at_least(0.9)),
        memory_target(find(case, "hfx download")),
    ]


def scaling_targets(case: dict, _: dict) -> list[tuple]:
    """The last step is to cost no more a file or a byte than the one before; a quarter is left for noise."""
    rows = measured(case)
    if len(rows) < 2:
        return []
    before, last = rows[-2:]
    grown = last["amount"] / before["amount"]
    largest = max(rows, key=lambda row: peak(row, "anon"))
    return [(f"{what} a {case['unit']}: {last['tool']} / {before['tool']}",
             ratio(middle(last, field), middle(before, field) * grown), "<= 1.25", at_most(1.25))
            for what, field in (("wall", "wall"), ("CPU", "cpu"))] + [memory_target(largest)]


def small_targets(case: dict, _: dict) -> list[tuple]:
    python, hfx = find(case, "huggingface_hub snapshot_download"), find(case, "hfx download")
    times = ratio(middle(python, "wall"), middle(hfx, "wall"))
    return [("small files: times faster than huggingface_hub", times, ">= 5", at_least(5)), memory_target(hfx)]


def cached_targets(case: dict, _: dict) -> list[tuple]:
    wall = middle(find(case, "hfx download"), "wall")
    return [("cached look-up: process ms (wall)", wall and wall * 1e3, "< 20", lambda ms: ms < 20)]


def upload_targets(case: dict, _: dict) -> list[tuple]:
    hfx = find(case, "hfx upload")
    hashing = [row for row in case["rows"] if row["checks"] or row["tool"] == DIGEST_THEN_HF_TRANSFER]
    peers = [row for row in hashing if row is not hfx]
    return [
        (f"{what}: hfx upload / (best peer that hashes)",
         ratio(middle(hfx, field), min((m for m in (middle(row, field) for row in peers) if m), default=None)),
         "<= 1", at_most(1))
        for what, field in (("CPU", "cpu"), ("wall", "wall"))
    ] + [memory_target(hfx)]


def upload_line_targets(case: dict, result: dict) -> list[tuple]:
    hfx, line_speed = find(case, "hfx upload"), result["line_bytes_per_s"]
    fastest = case["bytes"] / line_speed
    hash_speed = result["machine"]["sha256_bytes_per_s"]
    return [
        ("share of the line's 500 MB/s, from the first byte sent to the end", ratio(fastest, middle(hfx, "sending")),
         ">= 0.9", at_least(0.9)),
        ("the same with the hashing before", ratio(fastest, middle(hfx, "wall")),
         f">= 0.9 (SHA-256 on one core, then the line: {hash_speed / (hash_speed + line_speed):.2f})", at_least(0.9)),
        memory_target(hfx),
    ]


def upload_small_targets(case: dict, _: dict) -> list[tuple]:
    python, hfx = find(case, "huggingface_hub upload_folder"), find(case, "hfx upload")
    times = ratio(middle(python, "wall"), middle(hfx, "wall"))
    return [("folder of small files: times faster than huggingface_hub", times, ">= 3", at_least(3)), memory_target(hfx)]


def memory_target(row: dict | None) -> tuple:
    anon = peak(row, "anon")
    return ("peak RssAnon, MiB", anon and anon / MIB, "<= 48", at_most(48))


TARGETS = {"file": file_targets, "line": line_targets, "line-snapshot": line_snapshot_targets,
           "scaling": scaling_targets, "small": small_targets, "cached": cached_targets,
           "upload": upload_targets, "upload-line": upload_line_targets, "upload-small": upload_small_targets}

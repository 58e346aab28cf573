"""A disk that hangs while a file comes (ext4 on a loop device, frozen by fsfreeze): Ctrl-C is answered all the same, and
when the disk is back the download goes on. Needs root."""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lab
from lab import M

SIZE = 256 * M
# The job's own last words take two seconds; the rest is for a slow machine.
BOUND = 10


def frozen(root):
    disk, image = root / "disk", root / "disk.img"
    disk.mkdir()
    with open(image, "wb") as file:
        file.truncate(2 * SIZE)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, disk], check=True)
    hub = lab.Hub(root / "served")
    bytes_ = lab.content("frozen", M) * (SIZE // M)
    hub.put("models/acme/frozen/model.bin", bytes_)
    hub.ask("/api/models/acme/frozen/tree/main?recursive=true")
    hub.faults([{"match": {"port": "cdn", "times": 0}, "do": {"rate": 2 * M}}])
    line = [lab.HFX, "get", f"{hub.endpoint}/acme/frozen/resolve/main/model.bin", "-o", str(disk / "model.bin")]
    line += ["--sha256", lab.sha256(bytes_)]
    said = open(root / "said", "w+")
    try:
        child = subprocess.Popen([*line, "--limit-rate", str(20 * M)], stdout=said, stderr=said)
        held = lambda: sum(path.stat().st_blocks * 512 for path in disk.glob("model.bin.*"))
        if not lab.wait_until(lambda: held() > 0, 30):
            sys.exit("nothing was written")
        time.sleep(2)
        subprocess.run(["fsfreeze", "-f", disk], check=True)
        try:
            # Until each thread that writes has met it.
            time.sleep(2)
            begun = time.monotonic()
            child.send_signal(signal.SIGINT)
            told = lambda: "interrupted" in (root / "said").read_text()
            if not lab.wait_until(told, BOUND):
                sys.exit(f"no answer to Ctrl-C within {BOUND} s of a disk that hangs")
            print(f"Ctrl-C was answered after {time.monotonic() - begun:.1f} s while the disk hung")
        finally:
            subprocess.run(["fsfreeze", "-u", disk], check=True)
        if child.wait(BOUND) != 130:
            sys.exit(f"it ended with {child.returncode}: {(root / 'said').read_text()}")
        hub.faults([])
        again = subprocess.run([*line, "--json"], capture_output=True, text=True, check=True)
        restored = lab.events(again.stdout)[-1]["restored"]
        if not restored or (disk / "model.bin").read_bytes() != bytes_:
            sys.exit(f"the next run did not go on: {again.stdout[-300:]}")
        print(f"the next run went on with {restored / M:.0f} of {SIZE / M:.0f} MiB")
    finally:
        hub.stop()
        subprocess.run(["umount", disk], check=True)


lab.into_namespace()
with tempfile.TemporaryDirectory() as folder:
    frozen(Path(folder))

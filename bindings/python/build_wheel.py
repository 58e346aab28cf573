"""Builds a wheel with the library inside: `python build_wheel.py LIBRARY [FOLDER]`.

The platform tag is taken from the library: manylinux with the newest GLIBC version that it needs, so a wheel that runs
on old systems takes a library that was built for them. Needs pip, setuptools, wheel, objdump and cargo.
"""

import base64
import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def tag(library: Path) -> str:
    """The oldest system that the library runs on."""
    symbols = subprocess.run(["objdump", "-T", str(library)], check=True, capture_output=True, text=True).stdout
    versions = [tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_(\d+\.\d+)", symbols)]
    major, minor = max(versions)[:2]
    name = f"manylinux_{major}_{minor}_{platform.machine()}"
    # Pips before 20.3 know this one by its older name alone.
    return f"{name}.manylinux2014_{platform.machine()}" if (major, minor) == (2, 17) else name


def build(library: Path, out: Path) -> Path:
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "source")
        shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("__pycache__", "tests", "build", "*.egg-info"))
        shutil.copy(ROOT / "LICENSE", source / "LICENSE")
        licences = subprocess.run([sys.executable, str(ROOT / "packaging" / "licences.py")], check=True, stdout=subprocess.PIPE)
        (source / "LICENSE-THIRD-PARTY.txt").write_bytes(licences.stdout)
        bundled = source / "hfx" / "libhfx.so"
        shutil.copy(library, bundled)
        line = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*line, "--no-build-isolation", "--wheel-dir", scratch, str(source)], check=True)
        (plain,) = Path(scratch).glob("hfx-*-any.whl")
        out.mkdir(parents=True, exist_ok=True)
        return retag(plain, out, tag(library))


def retag(plain: Path, out: Path, platform_tag: str) -> Path:
    """The same wheel for one platform: it is pure Python beside a library."""
    wheel = out / plain.name.replace("-any.whl", f"-{platform_tag}.whl")
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as new:
        record = []
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith(".dist-info/WHEEL"):
                data = data.replace(b"Root-Is-Purelib: true", b"Root-Is-Purelib: false")
                tags = "".join(f"Tag: py3-none-{each}\n" for each in platform_tag.split("."))
                data = data.replace(b"Tag: py3-none-any\n", tags.encode())
            if entry.filename.endswith(".dist-info/RECORD"):
                record_entry = entry
                continue
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{entry.filename},sha256={digest},{len(data)}\n")
            new.writestr(entry, data)
        new.writestr(record_entry, "".join([*record, f"{record_entry.filename},,\n"]))
    return wheel


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    print(build(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else "dist")))

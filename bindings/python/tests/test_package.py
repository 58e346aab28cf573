"""The package: its declarations are the header's, its README runs, its wheel works on its own, its types hold."""

import os
import pwd
import re
import subprocess
import sys
import unittest
import zipfile
from pathlib import Path

from hub import folder

import hfx
from hfx import _native

PACKAGE = Path(hfx.__file__).parent
BINDING = PACKAGE.parent


def ran(*line, **more):
    done = subprocess.run([sys.executable, *map(str, line)], capture_output=True, text=True, **more)
    if done.returncode:
        raise AssertionError(f"{line}: {done.stdout}{done.stderr}")
    return done.stdout


class Package(unittest.TestCase):
    def test_declarations(self):
        ran(BINDING / "generate.py", "--check")
        header = (BINDING.parent.parent / "include" / "hfx.h").read_text()
        for constant in re.findall(r"^#define (HFX_\w+) \d+$", header, flags=re.M):
            self.assertTrue(hasattr(_native, constant))

    def test_every_function_is_used(self):
        # Options are known by number, and what the library lends is read at once.
        text = "".join(path.read_text() for path in PACKAGE.glob("*.py") if path.name != "_native.py")
        used = set(re.findall(r"hfx_\w+", text))
        needless = "hfx_version_number hfx_option_by_name hfx_options_unset_by_name hfx_options_set_string"
        needless += " hfx_error_clone hfx_job_clone"
        self.assertEqual(set(_native.FUNCTIONS) - used, set(needless.split()))

    def test_every_status_has_a_class(self):
        for name, status in vars(_native).items():
            if name.startswith("HFX_E_"):
                self.assertEqual(hfx.errors.error_class(status).name, name[len("HFX_E_") :])

    def test_readme(self):
        for example in re.findall(r"^```python\n(.*?)^```", (BINDING / "README.md").read_text(), flags=re.M | re.S):
            with self.subTest(example):
                ran("-X", "dev", "-c", example)

    def test_wheel(self):
        out = folder()
        env = {name: value for name, value in os.environ.items() if name not in ("HFX_LIBRARY", "PYTHONPATH")}
        # Cargo, which knows the licences, is where the user's own home says.
        builds = {**env, "HOME": pwd.getpwuid(os.getuid()).pw_dir}
        made = Path(ran(BINDING / "build_wheel.py", os.environ["HFX_LIBRARY"], out, env=builds).strip())
        self.assertRegex(made.name, r"^hfx-\d+\.\d+\.\d+-py3-none-manylinux_2_\d+_[\w.]+\.whl$")
        names = zipfile.ZipFile(made).namelist()
        self.assertTrue({"hfx/libhfx.so", "hfx/py.typed", "hfx/__init__.py"} <= set(names))
        ran(
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--target",
            out / "site",
            made,
        )
        code = "import hfx; print(hfx.__version__, hfx.whoami()['name'], hfx.__file__)"
        said = ran("-X", "dev", "-c", code, env={**env, "PYTHONPATH": str(out / "site")}).split()
        self.assertEqual(said[:2], [hfx.__version__, "local"])
        self.assertTrue(said[2].startswith(str(out)))

    def test_types(self):
        ran("-m", "mypy", "--cache-dir", folder(), PACKAGE, cwd=BINDING)

    def test_library_that_does_not_fit(self):
        env = {**os.environ, "HFX_LIBRARY": "/no/such/libhfx.so"}
        done = subprocess.run([sys.executable, "-c", "import hfx"], capture_output=True, text=True, env=env)
        self.assertIn("/no/such/libhfx.so", done.stderr)


if __name__ == "__main__":
    unittest.main()

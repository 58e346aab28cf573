#!/bin/sh
# The tests of the Python package against a local Hub: test.sh [LIBRARY_FOLDER] [what unittest takes]
# LIBRARY_FOLDER has libhfx.so and hfx (default: target/release; HFX_LIBRARY and HFX_TOOL name others), PYTHON is the
# interpreter, and VENV where its packages go.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$root/target/release
if [ -d "${1:-}" ]; then
    folder=$(cd "$1" && pwd)
    shift
fi
export HFX_LIBRARY="${HFX_LIBRARY:-$folder/libhfx.so}" HFX_TOOL="${HFX_TOOL:-$folder/hfx}"
venv=${VENV:-$root/build/python-venv}
if ! "$venv/bin/python" -c 'import huggingface_hub, tqdm, hf_transfer' 2>/dev/null; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check huggingface_hub==2.4.0 hf_transfer==0.1.9 tqdm \
        setuptools wheel mypy
fi
"$venv/bin/python" "$here/generate.py" --check
cd "$here/tests"
export PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" -X dev -W error::ResourceWarning -m unittest "$@"

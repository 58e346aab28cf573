#!/bin/sh
# test-wheel.sh WHEEL TOOL: the wheel in a fresh environment, without network, downloads a file from a local Hub.
set -eu
WHEEL=$1
TOOL=$2
WORK=$(mktemp -d)
HUB=
trap '[ -z "$HUB" ] || kill "$HUB"; rm -rf "$WORK"' EXIT
unset HF_HUB_CACHE HF_HUB_OFFLINE HF_TOKEN HFX_LIBRARY PYTHONPATH LD_LIBRARY_PATH || true

python3 -m venv "$WORK/venv"
"$WORK/venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$WHEEL"
mkdir -p "$WORK/hub/models/acme/tiny"
head -c 3000000 /dev/urandom > "$WORK/hub/models/acme/tiny/model.bin"
mkfifo "$WORK/said"
"$TOOL" serve "$WORK/hub" > "$WORK/said" &
HUB=$!
IFS='=' read -r _ HF_ENDPOINT < "$WORK/said"
export HF_ENDPOINT HF_HOME="$WORK/home"
path=$(cd / && "$WORK/venv/bin/python" -c 'import hfx; print(hfx.hf_hub_download("acme/tiny", "model.bin"))')
cmp "$path" "$WORK/hub/models/acme/tiny/model.bin"
echo "ok: the wheel, $(basename "$WHEEL"), with $("$WORK/venv/bin/python" --version)"

#!/bin/sh
# Fetches what only tests need into .cache/: AMD's public ap_types headers (Apache-2.0), out of the hls4ml package
# on PyPI. Nothing of it is committed or shipped.
set -eu
cd "$(dirname "$0")/.."
version=1.3.0
sum=01bf1de2cd9bca56699b9fe3385cb1735026b022f9580fe1d73faf192dfb90f2
target=.cache/ap_types
[ -f "$target/ap_fixed.h" ] && exit 0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip download --quiet --no-deps --dest "$folder" "hls4ml==$version"
echo "$sum  $folder/hls4ml-$version-py3-none-any.whl" | sha256sum --check --quiet
python3 - "$folder/hls4ml-$version-py3-none-any.whl" "$folder/x" <<'PYTHON'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    prefix = 'hls4ml/templates/vivado/ap_types/'
    wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if n.startswith(prefix)])
PYTHON
mkdir -p .cache
rm -rf "$target"
mv "$folder/x/hls4ml/templates/vivado/ap_types" "$target"

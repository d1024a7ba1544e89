# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs in a temporary container of the node image and creates /nvmock-python.tgz: a Python with PyYAML that works from any
# prefix on nodes of that image. Only packages that the image does not have are downloaded and included.
set -eu
export DEBIAN_FRONTEND=noninteractive
build=/nvmock-python-build
root=$build/root
mkdir -p "$build/debs/partial" "$root/bin"
apt-get update -qq
apt-get install --yes -qq --no-install-recommends --download-only -o Dir::Cache::archives="$build/debs" python3 python3-yaml
for deb in "$build"/debs/*.deb; do
  dpkg-deb --extract "$deb" "$root"
done
rm -rf "$root/usr/share" "$root/etc" "$root/var"
for lib in "$root"/usr/lib/python3.*; do
  (cd "$lib" && rm -rf test idlelib ensurepip lib2to3 turtledemo pydoc_data tkinter)
done
python=$(basename "$(ls "$root"/usr/bin/python3.[0-9]* | head -n 1)")
ln -s "../usr/bin/$python" "$root/bin/python3"
works='import json, yaml, hashlib, zlib, zipfile, subprocess, tempfile, socket, ctypes, grp, pwd'
if ! "$root/bin/python3" -c "$works" 2>/dev/null; then
  # The image does not have a library that this Python needs, so the bundle includes it.
  rm "$root/bin/python3"
  cat >"$root/bin/python3" <<EOF
#!/bin/sh
here=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
LD_LIBRARY_PATH="\$here/usr/lib/$(uname -m)-linux-gnu\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}" exec "\$here/usr/bin/$python" "\$@"
EOF
  chmod 755 "$root/bin/python3"
  "$root/bin/python3" -c "$works"
fi
find "$root" -name __pycache__ -prune -exec rm -rf {} +
echo "made by nvmock.gpu from $python; removed by kind_cluster_state: absent" >"$root/.nvmock-python"
tar -C "$root" -czf /nvmock-python.tgz .

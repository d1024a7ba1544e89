#!/bin/sh
# Check device nodes and procfs below a base directory: verify_gpu_mock.sh [BASE]. It runs in any image with a POSIX shell.
set -eu
base=${1:-/run/nvidia/driver}
fail() { echo "$*" >&2; exit 1; }

count=0
for file in "$base"/proc/driver/nvidia/gpus/*/information; do
  [ -f "$file" ] || continue
  count=$((count + 1))
  for field in Model: 'GPU UUID:' 'Bus Location:' 'Device Minor:'; do
    grep -q "^$field" "$file" || fail "Bad info in $file: no $field"
  done
done
[ "$count" -gt 0 ] || fail "No GPUs found below $base/proc/driver/nvidia/gpus"

index=0
while [ "$index" -lt "$count" ]; do
  [ -c "$base/dev/nvidia$index" ] || fail "NOT-CHAR: $base/dev/nvidia$index"
  index=$((index + 1))
done
for name in nvidiactl nvidia-modeset nvidia-uvm nvidia-uvm-tools; do
  [ -c "$base/dev/$name" ] || fail "NOT-CHAR: $base/dev/$name"
  [ -z "$(find "$base/dev/$name" ! -perm 666)" ] || fail "NOT-0666: $base/dev/$name"
done

version=$base/proc/driver/nvidia/version
[ -f "$version" ] || fail "MISSING: $version"
grep -q '^NVRM version: NVIDIA UNIX ' "$version" || fail "Bad version in $version"

(cd "$base" && find . | sort)
echo "$count GPUs"
echo 'ALL CHECKS PASSED'

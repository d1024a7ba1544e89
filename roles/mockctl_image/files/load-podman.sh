#!/bin/sh
# load-podman.sh CLUSTER IMAGE: load podman's image into the kind cluster's nodes, unless all have it. Prints "loaded" if it did.
set -eu
export KIND_EXPERIMENTAL_PROVIDER=podman
nodes=$(podman ps --format '{{.Names}}' --filter "label=io.x-k8s.kind.cluster=$1")
[ -n "$nodes" ] || { echo "no kind cluster of podman has this name" >&2; exit 1; }
missing=
for node in $nodes; do
  podman exec "$node" ctr --namespace=k8s.io images ls --quiet | grep -Fqx "$2" || missing=$node
done
[ -n "$missing" ] || exit 0
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
podman save --quiet --output "$place/image.tar" "$2"
kind load image-archive --name "$1" "$place/image.tar"
echo loaded

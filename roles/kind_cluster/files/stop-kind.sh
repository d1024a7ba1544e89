#!/bin/sh
# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
#
# stop-kind.sh PIDFILE CLUSTER: stop the `kind create cluster` that is still running after an interrupted run of the role. Ansible's
# workers have their own session, so Ctrl-C does not stop it. If it fails later, it deletes nodes by their names.
pid=$(cat "$1" 2>/dev/null) || exit 0
mine() {
  case "$(ps -o args= -p "$pid" 2>/dev/null)" in *" create cluster --name $2 "*) return 0 ;; esac
  return 1
}
mine "$@" || exit 0
echo stopped
kill "$pid"
for _ in 1 2 3 4 5 6 7 8 9 10; do
  mine "$@" || exit 0
  sleep 0.5
done
kill -KILL "$pid"

# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A cluster as its user and its administrator see it: kubectl, and docker exec."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time

import yaml

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "..", "molecule"))

import nvml_listing

GPU = "nvidia.com/gpu"
PLUGIN_NAMESPACE = "gpu-mock-device-plugin"
MACHINE_FILE = "/var/lib/nvidia-mock/driver/etc/nvmock/machine.json"
SPEC = "/etc/cdi/nvidia.yaml"
# Images that have Python ask NVML as well.
SCRIPT = """ls -1d /dev/nvidia*; nvidia-smi -L; echo "visible=$NVIDIA_VISIBLE_DEVICES"
command -v python3 >/dev/null && {nvml}
for one in {libraries}; do [ -e "$one" ] && echo "library=$one"; done; echo end; exec sleep 3600"""


def eventually(check, seconds=90, what="it"):
    """Wait until *check* gives something; that."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come to pass in {seconds} s"
        time.sleep(0.5)


class Watch:
    """Follows the objects of a kind: ``kubectl get --watch``.

    :arg arguments: what to get.
    """

    def __init__(self, kubeconfig, *arguments):
        command = ["kubectl", "--kubeconfig", kubeconfig, "get", *arguments]
        command += ["--watch", "--output-watch-events", "-o", "json"]
        self._objects = {}
        self._changed = threading.Condition()
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        for line in self._process.stdout:
            event = json.loads(line)
            one = event["object"]
            key = (one["metadata"].get("namespace", ""), one["metadata"]["name"])
            with self._changed:
                if event["type"] == "DELETED":
                    self._objects.pop(key, None)
                else:
                    self._objects[key] = one
                self._changed.notify_all()

    def until(self, check, seconds=90, what="it"):
        """Wait until *check* gives something for the objects by (namespace, name); that."""
        with self._changed:
            found = self._changed.wait_for(lambda: check(self._objects), seconds)
        assert found, f"{what} did not come to pass in {seconds} s"
        return found

    def close(self):
        self._process.kill()
        self._process.wait()


class Cluster:
    """The cluster under test."""

    namespace = "nvmock-test"

    def __init__(self, kubeconfig, image, pod_image):
        self.kubeconfig = kubeconfig
        self.image = image
        self.pod_image = pod_image
        self.all_nodes = [one["metadata"]["name"] for one in self.get("nodes")["items"]]
        self.nodes = [name for name in self.all_nodes if self.on(name, f"ls {MACHINE_FILE}", check=False)]
        self.nodes_without = [name for name in self.all_nodes if name not in self.nodes]
        self._counter = 0

    def kubectl(self, *arguments, text=None, check=True):
        done = self._kubectl(arguments, text)
        assert not check or done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def said(self, *arguments, text=None):
        """All that kubectl says, whether it succeeds or not."""
        done = self._kubectl(arguments, text)
        return done.stdout + done.stderr

    def _kubectl(self, arguments, text):
        command = ["kubectl", "--kubeconfig", self.kubeconfig, *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=180)

    def get(self, *arguments):
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def on(self, node, script, check=True):
        """The output of a shell script on a node."""
        command = ["docker", "exec", node, "sh", "-c", script]
        return subprocess.run(command, check=check, capture_output=True, text=True, timeout=180).stdout

    # -- what should be -----------------------------------------------------------------------------------------

    def gpus(self, node):
        return json.loads(self.on(node, f"cat {MACHINE_FILE}"))["gpus"]

    def uuids(self, node):
        return {gpu["uuid"] for gpu in self.gpus(node)}

    def control_nodes(self, node):
        """Of the common part of the node's CDI specification."""
        spec = yaml.safe_load(self.on(node, f"cat {SPEC}"))
        return {entry["path"] for entry in spec["containerEdits"]["deviceNodes"]}

    def libraries(self, node):
        spec = yaml.safe_load(self.on(node, f"cat {SPEC}"))
        paths = [entry["containerPath"] for entry in spec["containerEdits"]["mounts"]]
        return {path for path in paths if re.search(r"/lib(cuda|nvidia-ml)\.so\.[0-9.]+$", path)}

    # -- what is ------------------------------------------------------------------------------------------------

    def allocatable(self, node):
        return int(self.get("node", node)["status"]["allocatable"].get(GPU, "0"))

    def wait_until_all_are_allocatable(self, seconds=45):
        for node in self.nodes:
            count = len(self.gpus(node))
            eventually(
                lambda node=node, count=count: self.allocatable(node) == count, seconds, f"{count} GPUs on {node}"
            )

    def plugin_pod(self, node):
        pods = self.get("pods", "-n", PLUGIN_NAMESPACE, "--field-selector", f"spec.nodeName={node}")["items"]
        pods = [one for one in pods if "app.kubernetes.io/name" in one["metadata"].get("labels", {})]
        return pods[0]["metadata"]["name"]

    def plugin_restarts(self, node):
        status = self.get("pod", "-n", PLUGIN_NAMESPACE, self.plugin_pod(node))["status"]
        return status["containerStatuses"][0]["restartCount"]

    def plugin_log(self, node):
        # Empty while the node's kubelet restarts.
        return self.kubectl("logs", "-n", PLUGIN_NAMESPACE, self.plugin_pod(node), check=False)

    # -- pods ---------------------------------------------------------------------------------------------------

    def pod(self, count, node=None, image=None, libraries=(), restart="Never", resource=GPU):
        """Start a pod that asks for *count* GPUs; its name."""
        self._counter += 1
        name = f"gpus-{self._counter}"
        script = SCRIPT.format(nvml=nvml_listing.SCRIPT, libraries=" ".join(sorted(libraries)) or "/none")
        spec = {
            "restartPolicy": restart,
            "terminationGracePeriodSeconds": 0,
            "tolerations": [{"operator": "Exists"}],
            "containers": [
                {
                    "name": "main",
                    "image": image or self.pod_image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sh", "-c", script],
                    "resources": {"limits": {resource: str(count)}},
                }
            ],
        }
        if node:
            spec["nodeSelector"] = {"kubernetes.io/hostname": node}
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": spec,
        }
        self.kubectl("apply", "-f", "-", text=json.dumps(body))
        return name

    def lines(self, name, seconds=45):
        """What a pod said, once it has said it all."""

        def look():
            output = self.kubectl("logs", "-n", self.namespace, name, check=False).splitlines()
            return output if "end" in output else None

        return eventually(look, seconds, f"output of pod {name}")

    def seen_uuids(self, name):
        return re.findall(r"UUID: (GPU-[0-9a-f-]+)", "\n".join(self.lines(name)))

    def events(self, name):
        found = self.get("events", "-n", self.namespace, "--field-selector", f"involvedObject.name={name}")["items"]
        return [one["message"] for one in found]

    def remove(self, *names):
        self.kubectl("delete", "pod", "-n", self.namespace, *names, "--ignore-not-found")

    def remove_pods(self):
        self.kubectl("delete", "pod", "-n", self.namespace, "--all")

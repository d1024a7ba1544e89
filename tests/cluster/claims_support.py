# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A cluster with the DRA driver, as its user and its administrator see it. It is followed by watches."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys

import yaml
from cluster_support import Cluster, Watch

ROOT = pathlib.Path(__file__).parents[2]
DRIVER = "gpu.nvidia.com"
DRIVER_NAMESPACE = "gpu-mock-dra-driver"
MONITORING = "gpu-monitoring"
# nvidia-smi prints MIG devices below their GPU.
DEVICE = re.compile(r"UUID: ((?:GPU|MIG)-[0-9a-f-]+)")
KINDS = "deployments,pods,resourceclaims,resourceclaimtemplates"
# The seconds since the start of the machine, what a container has, and then nothing until it is ended.
SCRIPT = "cut -d' ' -f1 /proc/uptime; ls -1d /dev/nvidia*; nvidia-smi -L; echo visible=$NVIDIA_VISIBLE_DEVICES; echo end; exec sleep 3600"


def examples():
    """The claims of docs/dra.md: (title, YAML)."""
    page = (ROOT / "docs" / "dra.md").read_text(encoding="utf-8")
    sections = page.partition("\n## Claims to copy\n")[2].partition("\n## ")[0].split("\n### ")[1:]
    return [(one.partition("\n")[0], re.search(r"^```yaml\n(.*?)^```$", one, re.M | re.S)[1]) for one in sections]


def example_of(section):
    """The YAML of a section of docs/dra.md."""
    page = (ROOT / "docs" / "dra.md").read_text(encoding="utf-8")
    return re.search(rf"^## {section}\n.*?^```yaml\n(.*?)^```$", page, re.M | re.S)[1]


def devices_in(text):
    """The UUIDs of the GPUs and MIG devices that nvidia-smi shows."""
    return DEVICE.findall(text)


class ClaimsCluster(Cluster):
    """The cluster under test. Some of its GPU nodes have the DRA driver.

    :ivar dra_nodes: the nodes that have it.
    """

    namespace = "nvmock-claims"

    def __init__(self, kubeconfig, image, pod_image):
        super().__init__(kubeconfig, image, pod_image)
        self.watched = {
            kind: Watch(kubeconfig, kind, *more)
            for kind, *more in (
                ("pods", "-A"),
                ("resourceclaims", "-A"),
                ("resourceslices", "--field-selector", f"spec.driver={DRIVER}"),
                ("events", "-A"),
            )
        }
        wanted = {one["spec"]["nodeName"] for one in self._drivers(self.get("pods", "-n", DRIVER_NAMESPACE)["items"])}
        # A kubelet that was restarted has deleted its node's slices.
        self.until_slices(lambda devices: {node for node, _name in devices} == wanted, 60, "devices of every driver")
        self.dra_nodes = sorted(wanted)

    def close(self):
        for one in self.watched.values():
            one.close()

    # -- the driver ---------------------------------------------------------------------------------------------

    @staticmethod
    def _drivers(pods):
        return [
            one
            for one in pods
            if one["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "gpu-mock-dra-driver"
        ]

    def until_driver(self, node, check, what):
        """Wait until *check* gives something for the driver's pod of a node that is ready."""

        def look(pods):
            for one in self._drivers(pods.values()):
                [status] = one["status"].get("containerStatuses") or [{"ready": False}]
                if one["spec"].get("nodeName") == node and status["ready"] and check(one):
                    return one
            return None

        return self.watched["pods"].until(look, 120, what)

    def driver_pod(self, node):
        return self.until_driver(node, lambda one: True, f"a driver on {node}")["metadata"]["name"]

    def driver_log(self, node):
        return self.kubectl("logs", "-n", DRIVER_NAMESPACE, self.driver_pod(node), check=False)

    def until_slices(self, check, seconds=60, what="slices"):
        """Wait until *check* gives something for the published devices by (node, name)."""

        def look(slices):
            return check(
                {
                    (part["spec"]["nodeName"], one["name"]): one
                    for part in slices.values()
                    for one in part["spec"].get("devices") or []
                }
            )

        return self.watched["resourceslices"].until(look, seconds, what)

    def devices(self, node):
        """The published devices of a node by name."""
        return self.until_slices(
            lambda devices: {name: one for (where, name), one in devices.items() if where == node}, 60
        )

    def uuids_of(self, node, *names):
        devices = self.devices(node)
        return {devices[name]["attributes"]["uuid"]["string"] for name in names or devices}

    def role(self, node, **variables):
        """What a run of the role dra_driver for a node says."""
        given = {
            "dra_driver_kubeconfig": self.kubeconfig,
            "dra_driver_image": self.image,
            "dra_driver_node_selector": {"kubernetes.io/hostname": node},
            **variables,
        }
        program = str(pathlib.Path(sys.executable).parent / "ansible-playbook")
        command = [program, str(ROOT / "playbooks" / "dra_driver.yml"), "-e", json.dumps(given)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
        return done.stdout + done.stderr

    # -- claims and pods ----------------------------------------------------------------------------------------

    def apply(self, *texts):
        """Apply YAML at once, with the images of pods replaced by one that the cluster has."""
        objects = []
        for one in (one for text in texts for one in yaml.safe_load_all(text) if one):
            spec = one.get("spec", {})
            spec = spec["template"]["spec"] if one["kind"] == "Deployment" else spec
            if one["kind"] in ("Pod", "Deployment"):
                spec.setdefault("tolerations", [{"operator": "Exists"}])
                spec.setdefault("terminationGracePeriodSeconds", 0)
                for container in spec["containers"]:
                    container.update(image=self.pod_image, imagePullPolicy="IfNotPresent")
            if one["kind"] not in ("Namespace", "DeviceClass"):
                one["metadata"].setdefault("namespace", self.namespace)
            objects.append(one)
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl("apply", "-f", "-", text=text)
        return objects

    def claim(self, name, count=1, cel=None, **request):
        """YAML of a ResourceClaim for GPUs."""
        exactly = {"deviceClassName": DRIVER, "count": count, **request}
        if cel:
            exactly["selectors"] = [{"cel": {"expression": cel}}]
        spec = {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}
        return json.dumps(
            {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": name}, "spec": spec}
        )

    def claim_pod(self, name, claim=None, node=None, restart="Never", resource=None):
        """YAML of a pod that has the devices of a claim, or one of a resource; it runs until it is deleted."""
        container = {"name": "main", "command": ["sh", "-c", SCRIPT], "resources": {"claims": [{"name": "gpu"}]}}
        spec = {"restartPolicy": restart, "containers": [container]}
        if resource:
            container["resources"] = {"limits": {resource: 1}}
        else:
            spec["resourceClaims"] = [{"name": "gpu", "resourceClaimName": claim}]
        if node:
            spec["nodeSelector"] = {"kubernetes.io/hostname": node}
        return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})

    def until_pod(self, name, check, seconds=120, what="it", namespace=None):
        """Wait until *check* gives something for a pod."""
        key = (namespace or self.namespace, name)
        try:
            return self.watched["pods"].until(
                lambda pods: check(pods[key]) if key in pods else None, seconds, f"pod {name}: {what}"
            )
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.events(name, key[0])}") from None

    def output(self, pod, container="main", namespace=None):
        """The output of a container of a pod whose containers end."""

        def ended(one):
            states = one["status"].get("containerStatuses") or [{"state": {}}]
            return all("terminated" in state["state"] for state in states) and states

        states = self.until_pod(pod, ended, what="the end of its containers", namespace=namespace)
        text = self.kubectl("logs", "-n", namespace or self.namespace, pod, "-c", container)
        assert all(one["state"]["terminated"]["exitCode"] == 0 for one in states), text
        return text

    def lines(self, name, seconds=120):
        """What a pod of :meth:`claim_pod` has said when it has said all."""
        self.until_pod(name, lambda one: one["status"]["phase"] == "Running", seconds, "its start")
        command = ["kubectl", "--kubeconfig", self.kubeconfig, "logs", "-f", "-n", self.namespace, name]
        found = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                found.append(line.rstrip("\n"))
                if found[-1] == "end":
                    break
            process.kill()
        assert "end" in found, found
        return found

    def seen(self, name):
        """The UUIDs that nvidia-smi shows in a pod now."""
        return devices_in(self.kubectl("exec", "-n", self.namespace, name, "--", "nvidia-smi", "-L", check=False))

    def events(self, name, namespace=None):
        space = namespace or self.namespace
        found = self.get("events", "-n", space, "--field-selector", f"involvedObject.name={name}")["items"]
        return [one["message"] for one in found]

    def until_event(self, name, text):
        """Wait until an event of a pod has a text."""
        self.watched["events"].until(
            lambda events: [
                one for one in events.values() if one["involvedObject"]["name"] == name and text in one["message"]
            ],
            90,
            f"an event of {name} with {text!r}",
        )

    def until_claims(self, check, seconds=60, what="claims"):
        """Wait until *check* gives something for the claims of the namespace by name."""
        return self.watched["resourceclaims"].until(
            lambda claims: check({name: one for (space, name), one in claims.items() if space == self.namespace}),
            seconds,
            what,
        )

    def allocated(self, claim, namespace=None):
        """The (node, device) pairs of a claim."""
        status = self.get("resourceclaim", "-n", namespace or self.namespace, claim).get("status", {})
        results = status.get("allocation", {}).get("devices", {}).get("results", [])
        return [(one["pool"], one["device"]) for one in results]

    def until_health(self, pod, check):
        """Wait until *check* holds for [(health, message)] of a pod's devices of claims."""

        def look(one):
            found = []
            for container in one["status"].get("containerStatuses", []):
                for resource in container.get("allocatedResourcesStatus", []):
                    if resource["name"].startswith("claim:"):
                        found += [(device["health"], device.get("message", "")) for device in resource["resources"]]
            return check(found)

        self.until_pod(pod, look, 60, "its health")

    def claim_files(self, node):
        return self.on(node, "ls /var/run/cdi 2>/dev/null", check=False).split()

    def remove(self, *names):
        """Delete pods and the claims of the same names, and wait until they are gone."""
        self.kubectl("delete", "pods,resourceclaims", "-n", self.namespace, *names, "--ignore-not-found")

    def remove_all(self):
        for space in (self.namespace, MONITORING):
            self.kubectl("delete", KINDS, "-n", space, "--all", "--grace-period=0", check=False)

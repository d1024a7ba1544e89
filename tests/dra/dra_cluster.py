# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A cluster with the DRA driver, as its user and its administrator see it."""

from __future__ import annotations

import json
import pathlib
import re

import yaml
from cluster_support import SCRIPT, Cluster, eventually

ROOT = pathlib.Path(__file__).parents[2]
DRIVER = "gpu.nvidia.com"
DRIVER_NAMESPACE = "gpu-mock-dra-driver"
# nvidia-smi prints MIG devices below their GPU.
DEVICE = re.compile(r"UUID: ((?:GPU|MIG)-[0-9a-f-]+)")


def examples():
    """The claims of docs/dra.md: (title, YAML)."""
    page = (ROOT / "docs" / "dra.md").read_text(encoding="utf-8")
    sections = page.partition("\n## Claims to copy\n")[2].partition("\n## ")[0].split("\n### ")[1:]
    return [(one.partition("\n")[0], re.search(r"^```yaml\n(.*?)^```$", one, re.M | re.S)[1]) for one in sections]


class DraCluster(Cluster):
    """The cluster under test."""

    namespace = "nvmock-dra-test"

    # -- what should be -----------------------------------------------------------------------------------------

    def slices(self, node=None):
        selector = f"spec.driver={DRIVER}" + (f",spec.nodeName={node}" if node else "")
        return self.get("resourceslices", "--field-selector", selector)["items"]

    def devices(self, node=None):
        """The published devices by name; of all nodes by (node, name)."""
        found = {}
        for part in self.slices(node):
            for one in part["spec"]["devices"]:
                found[one["name"] if node else (part["spec"]["nodeName"], one["name"])] = one
        return found

    def text(self, node, device, name):
        [value] = self.devices(node)[device]["attributes"][name].values()
        return value

    def driver_pod(self, node):
        pods = self.get("pods", "-n", DRIVER_NAMESPACE, "--field-selector", f"spec.nodeName={node}")["items"]
        return next(one for one in pods if "app.kubernetes.io/name" in one["metadata"].get("labels", {}))

    def driver_log(self, node):
        name = self.driver_pod(node)["metadata"]["name"]
        return self.kubectl("logs", "-n", DRIVER_NAMESPACE, name, check=False)

    def driver_restarts(self, node):
        return self.driver_pod(node)["status"]["containerStatuses"][0]["restartCount"]

    # -- claims and pods ----------------------------------------------------------------------------------------

    def apply(self, text):
        """Apply YAML with the images of pods replaced by one that the cluster has."""
        objects = []
        for one in yaml.safe_load_all(text):
            spec = one.get("spec", {})
            spec = spec["template"]["spec"] if one["kind"] == "Deployment" else spec
            for container in spec.get("containers", []) if one["kind"] in ("Pod", "Deployment") else []:
                container.update(image=self.pod_image, imagePullPolicy="IfNotPresent")
            if one["kind"] in ("Pod", "Deployment"):
                spec.setdefault("tolerations", [{"operator": "Exists"}])
            objects.append(one)
        for one in objects:
            space = one["metadata"].get("namespace", self.namespace)
            arguments = [] if one["kind"] == "Namespace" else ["-n", space]
            self.kubectl("apply", *arguments, "-f", "-", text=json.dumps(one))
        return objects

    def claim(self, name, count=1, cel=None, **request):
        exactly = {"deviceClassName": "gpu.nvidia.com", "count": count, **request}
        if cel:
            exactly["selectors"] = [{"cel": {"expression": cel}}]
        spec = {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}
        body = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": name}, "spec": spec}
        self.kubectl("apply", "-n", self.namespace, "-f", "-", text=json.dumps(body))

    def claim_pod(self, claim, node=None, restart="Never", name=None):
        """Start a pod that has the devices of a claim; its name."""
        self._counter += 1
        name = name or f"claims-{self._counter}"
        container = {
            "name": "main",
            "image": self.pod_image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-c", SCRIPT.format(nvml="true", libraries="/none")],
            "resources": {"claims": [{"name": "gpu"}]},
        }
        spec = {
            "restartPolicy": restart,
            "terminationGracePeriodSeconds": 0,
            "tolerations": [{"operator": "Exists"}],
            "resourceClaims": [{"name": "gpu", "resourceClaimName": claim}],
            "containers": [container],
        }
        if node:
            spec["nodeSelector"] = {"kubernetes.io/hostname": node}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        self.kubectl("apply", "-n", self.namespace, "-f", "-", text=json.dumps(body))
        return name

    def seen(self, name, seconds=60):
        """The UUIDs that nvidia-smi shows in a pod, of GPUs and MIG devices."""
        return DEVICE.findall("\n".join(self.lines(name, seconds)))

    def output(self, pod, container="main", namespace=None, seconds=60):
        """The output of a container that ends."""
        space = namespace or self.namespace

        def ended():
            states = self.get("pod", "-n", space, pod)["status"].get("containerStatuses", [])
            return all("terminated" in one["state"] for one in states) and states

        try:
            states = eventually(ended, seconds, f"the end of pod {pod}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.events(pod, space)}") from None
        text = self.kubectl("logs", "-n", space, pod, "-c", container)
        assert all(one["state"]["terminated"]["exitCode"] == 0 for one in states), text
        return text

    def events(self, name, namespace=None):
        space = namespace or self.namespace
        found = self.get("events", "-n", space, "--field-selector", f"involvedObject.name={name}")["items"]
        return [one["message"] for one in found]

    def allocated(self, claim):
        """The (node, device) pairs of a claim."""
        status = self.get("resourceclaim", "-n", self.namespace, claim).get("status", {})
        results = status.get("allocation", {}).get("devices", {}).get("results", [])
        return [(one["pool"], one["device"]) for one in results]

    def health(self, pod):
        """[(health, message)] of a pod's devices of claims."""
        found = []
        for container in self.get("pod", "-n", self.namespace, pod)["status"].get("containerStatuses", []):
            for resource in container.get("allocatedResourcesStatus", []):
                if resource["name"].startswith("claim:"):
                    found += [(one["health"], one.get("message", "")) for one in resource["resources"]]
        return found

    def claim_files(self, node):
        return self.on(node, "ls /var/run/cdi 2>/dev/null", check=False).split()

    def remove_all(self):
        kinds = "deployments,pods,resourceclaims,resourceclaimtemplates"
        for space in (self.namespace, "gpu-monitoring"):
            self.kubectl("delete", kinds, "-n", space, "--all", "--grace-period=0", check=False)

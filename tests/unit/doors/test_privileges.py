# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Every line of the roles' Kubernetes objects that grants or removes a privilege is explained in docs/security.md."""

from __future__ import annotations

import os
import re

import pytest
import yaml
from test_templates import FACTS, ROOT, environment, read, templates

EVERY = "Every pod"
# How a template's object is named in the headings. A ConfigMap, a RuntimeClass, a DeviceClass and a policy grant nothing.
TITLES = {
    ("in_cluster", "daemonset.yml.j2"): "DaemonSet gpu-mock-NAME",
    ("in_cluster", "verify_job.yml.j2"): "Job gpu-mock-verify",
    ("in_cluster", "smoke_job.yml.j2"): "Job gpu-mock-smoke-NODE",
    ("device_plugin", "daemonset.yml.j2"): "DaemonSet gpu-mock-device-plugin",
    ("device_plugin", "demo_pod.yml.j2"): "Pod gpu-demo",
    ("device_plugin", "account.yml.j2"): "Account gpu-mock-device-plugin",
    ("dra_driver", "daemonset.yml.j2"): "DaemonSet gpu-mock-dra-driver",
    ("dra_driver", "demo.yml.j2"): "Pod gpu-claim-demo",
    ("dra_driver", "account.yml.j2"): "Account gpu-mock-dra-driver",
    ("in_cluster", "service_account.yml.j2"): None,
    ("in_cluster", "namespace.yml.j2"): "Namespaces",
    ("device_plugin", "namespace.yml.j2"): "Namespaces",
    ("dra_driver", "namespace.yml.j2"): "Namespaces",
    ("dra_driver", "device_classes.yml.j2"): None,
    ("dra_driver", "policy.yml.j2"): None,
    ("in_cluster", "config_map.yml.j2"): None,
    ("device_plugin", "runtime_class.yml.j2"): None,
}


def objects(role, name, **variables):
    given = {**read(role, "defaults", "main.yml"), **FACTS}
    given.update(
        in_cluster_image="image",
        in_cluster_verify_image="image",
        device_plugin_image="image",
        device_plugin_demo_image="image",
        device_plugin_tolerations=[{"operator": "Exists"}],
        dra_driver_image="image",
        dra_driver_demo_image="image",
    )
    return list(yaml.safe_load_all(environment(role).get_template(name).render({**given, **variables})))


def of_security_context(context):
    for key, value in context.items():
        if key == "capabilities":
            for verb, names in value.items():
                yield from (f"capabilities.{verb}: {name}" for name in names)
        elif key == "seccompProfile":
            yield f"seccompProfile: {value['type']}"
        else:
            yield f"{key}: {yaml.safe_dump(value).split()[0]}"


def of_pod(spec):
    """The lines of a pod's specification outside of its containers."""
    for key, value in spec.items():
        if key == "securityContext":
            yield from of_security_context(value)
        elif key == "tolerations":
            yield from ("tolerations: " + one["operator"] for one in value)
        elif key == "volumes":
            for volume in value:
                (kind,) = set(volume) - {"name"}
                what = {"hostPath": volume[kind].get("path"), "configMap": volume[kind].get("name")}
                yield f"{kind}: {what.get(kind, volume['name'])}"
        elif key.startswith("host") or key in (
            "serviceAccountName",
            "automountServiceAccountToken",
            "priorityClassName",
            "shareProcessNamespace",
        ):
            yield f"{key}: {yaml.safe_dump(value).split()[0]}"


def of_container(container):
    yield from of_security_context(container.get("securityContext", {}))
    assert not container.get("ports") and not container.get("volumeDevices") and not container.get("envFrom")
    for mount in container.get("volumeMounts", []):
        if mount.get("readOnly"):
            yield f"readOnly: {mount['mountPath']}"
        if "mountPropagation" in mount:
            yield f"mountPropagation: {mount['mountPropagation']}"


def privileges():
    """{heading: lines} of all templates; a pod's own lines count for its first container."""
    found = {}
    for role, name in templates():
        title = TITLES[role, name]
        for one in objects(role, name):
            if one["kind"] == "Namespace":
                labels = one["metadata"]["labels"]
                lines = {f"{key}: {value}" for key, value in labels.items() if key.startswith("pod-security")}
                found.setdefault(title, set()).update(lines)
            elif one["kind"] == "ServiceAccount" and title is not None:
                found.setdefault(title, set()).add(of_account(one))
            elif one["kind"] in ("ClusterRole", "Role"):
                for rule in one["rules"]:
                    lines = {f"{kind}: {verb}" for kind in rule["resources"] for verb in rule["verbs"]}
                    found.setdefault(title, set()).update(lines)
            elif one["kind"] in ("DaemonSet", "Job", "Pod"):
                spec = one["spec"] if one["kind"] == "Pod" else one["spec"]["template"]["spec"]
                lines = set(of_pod(spec))
                for container in spec.get("initContainers", []) + spec["containers"]:
                    found[f"{title}: {container['name']}"] = lines | set(of_container(container))
                    lines = {line for line in lines if line.startswith("seccompProfile")}
    return found


def of_account(account):
    return f"automountServiceAccountToken: {yaml.safe_dump(account['automountServiceAccountToken']).split()[0]}"


def explained():
    """{heading: lines} of the page."""
    with open(os.path.join(ROOT, "docs", "security.md"), encoding="utf-8") as handle:
        page = handle.read()
    found = {}
    for section in page.partition("## Privileges of each pod")[2].split("\n### ")[1:]:
        heading, _newline, text = section.partition("\n")
        rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", text, re.M)
        assert all(len(why) > 3 for _line, why in rows)
        found[heading] = {line for line, _why in rows}
    return found


PRIVILEGES = privileges()
CONTAINERS = sorted(heading for heading in PRIVILEGES if ": " in heading)


def test_mig_devices_on_demand_need_two_more_privileges():
    def lines(**variables):
        (daemonset,) = objects("dra_driver", "daemonset.yml.j2", **variables)
        spec = daemonset["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        return set(of_pod(spec)) | set(of_container(container))

    plain, more = lines(), lines(dra_driver_dynamic_mig=True)
    assert (more - plain, plain - more) == ({"capabilities.add: MKNOD"}, {"readOnly: /host"})
    with open(os.path.join(ROOT, "docs", "security.md"), encoding="utf-8") as handle:
        section = handle.read().partition("#### With dra_driver_dynamic_mig\n")[2].partition("\n### ")[0]
    assert all(f"`{line}`" in section for line in (more - plain) | (plain - more))


def test_every_template_is_looked_at():
    assert set(TITLES) == set(templates())
    assert len(CONTAINERS) == 8 and "capabilities.add: MKNOD" in PRIVILEGES["DaemonSet gpu-mock-NAME: watch"]
    assert PRIVILEGES["Account gpu-mock-device-plugin"] >= {"nodes: get", "nodes: patch"}


def test_every_section_of_the_page_is_of_an_object():
    assert set(explained()) == {EVERY, *PRIVILEGES}


@pytest.mark.parametrize("heading", sorted(PRIVILEGES))
def test_every_line_is_explained_and_every_explained_line_exists(heading):
    common = explained()[EVERY] if heading in CONTAINERS else set()
    assert PRIVILEGES[heading] - common == explained()[heading]


@pytest.mark.parametrize("heading", CONTAINERS)
def test_every_pod_has_the_common_restrictions(heading):
    assert explained()[EVERY] <= PRIVILEGES[heading]
    words = {line.partition(":")[0] for line in PRIVILEGES[heading]}
    assert not words & {"privileged", "hostPID", "hostIPC", "hostNetwork", "shareProcessNamespace"}


def test_an_account_without_labels_only_reads():
    rules = objects("device_plugin", "account.yml.j2", device_plugin_labels=False)[1]["rules"]
    assert [rule["verbs"] for rule in rules] == [["get"]]
    for source in ("nvidia", "none"):
        labels_only = {"device_plugin_labels": False, "device_plugin_source": source}
        assert objects("device_plugin", "account.yml.j2", **labels_only)[1]["rules"][0]["verbs"] == ["get", "patch"]


def test_a_plugin_that_only_sets_labels_has_no_socket():
    for source in ("nvidia", "none"):
        (daemonset,) = objects("device_plugin", "daemonset.yml.j2", device_plugin_source=source)
        (container,) = daemonset["spec"]["template"]["spec"]["containers"]
        assert "--no-devices" in container["args"]
        assert [mount["name"] for mount in container["volumeMounts"]] == ["node", "run"]


def test_the_account_of_the_in_cluster_path_has_no_rights():
    (account,) = objects("in_cluster", "service_account.yml.j2")
    assert of_account(account) == "automountServiceAccountToken: false"
    kinds = {one["kind"] for role, name in templates() if role == "in_cluster" for one in objects(role, name)}
    assert not kinds & {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}

# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What users set is data in every Kubernetes object that a role makes: no value can add a line or a key to the YAML."""

from __future__ import annotations

import functools
import os
import re

import jinja2
import pytest
import yaml
from ansible.plugins.filter import core, mathstuff

from ansible_collections.nvmock.gpu.plugins.module_utils.cli import watch_command
from ansible_collections.nvmock.gpu.plugins.module_utils.cli.flags import parse

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
# What a template gets besides the role's variables, or instead of a default that is an expression.
FACTS = {
    "_device_plugin_name": "gpu-mock-device-plugin",
    "_device_plugin_demo": "gpu-demo",
    "_dra_driver_name": "gpu-mock-dra-driver",
    "_dra_driver_demo": "gpu-claim-demo",
    "_in_cluster_service_account": "gpu-mock",
    "_in_cluster_labels": {"app.kubernetes.io/part-of": "nvmock.gpu"},
    "_in_cluster_script": "#!/bin/sh\n",
    "_in_cluster_daemonsets": [],
    "device_plugin_time_slicing": {"name": 2},
    "device_plugin_node_selector": {"key": "text"},
    "dra_driver_node_selector": {"key": "text"},
    "machine": {
        "name": "text",
        "machine": "text",
        "product_name": "text",
        "driver_version": "text",
        "pci_bus_ids": ["text"],
        "uuids": ["text"],
        "mig": {"text": ["text"]},
        "node_selector": {"text": "text"},
    },
    "node": "text",
}
HOSTILE = [
    "a\nb: c",
    "a\n  - b",
    'a"b',
    "a'b",
    "a: b",
    "a #b",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "[a]",
    "{a: b}",
    "*a",
    "&a",
    "!!int 1",
    "|",
    "- a",
    "yes",
    "1.10",
    "null",
    "~",
    "",
    "a\\nb",
    "\ttab",
    "é\u2028\x85",
    "---",
]


PLUGIN = ("Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "DaemonSet")


def templates():
    """(role, name) of each template of objects. One that only includes others has nothing of its own."""
    found = []
    for role in sorted(os.listdir(os.path.join(ROOT, "roles"))):
        folder = os.path.join(ROOT, "roles", role, "templates")
        if os.path.isdir(folder):
            found += [(role, name) for name in sorted(os.listdir(folder)) if name.endswith(".yml.j2")]
    return [(role, name) for role, name in found if not included(role, name)]


def included(role, name):
    """The names of the templates that a template includes."""
    with open(os.path.join(ROOT, "roles", role, "templates", name), encoding="utf-8") as handle:
        return re.findall(r"{% include '([^']+)' %}", handle.read())


@functools.cache
def read(role, *path):
    with open(os.path.join(ROOT, "roles", role, *path), encoding="utf-8") as handle:
        return yaml.safe_load(handle)


@functools.cache
def environment(role):
    """Jinja as Ansible's lookup of templates sets it up."""
    loader = jinja2.FileSystemLoader(os.path.join(ROOT, "roles", role, "templates"))
    made = jinja2.Environment(loader=loader, trim_blocks=True, autoescape=False, undefined=jinja2.StrictUndefined)
    made.filters.update({**core.FilterModule().filters(), **mathstuff.FilterModule().filters()})
    return made


def is_text(role, name):
    """Whether the role takes any text for this variable."""
    options = read(role, "meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
    facts = options.get(name, {})
    return facts.get("type", "str") in ("str", "path") and "choices" not in facts


def variables(role, text):
    """The variables of the role's templates, in which *text* is every text that a user can set."""

    def with_text(value):
        if isinstance(value, dict):
            return {with_text(key): with_text(one) for key, one in value.items()}
        if isinstance(value, list):
            return [with_text(one) for one in value]
        return value.replace("text", text) if isinstance(value, str) else value

    given = {}
    for name, value in {**read(role, "defaults", "main.yml"), **FACTS}.items():
        if name in FACTS:
            given[name] = with_text(value)
        elif is_text(role, name):
            given[name] = text
        else:
            given[name] = value
    return given


def render(role, name, text):
    objects = list(yaml.safe_load_all(environment(role).get_template(name).render(variables(role, text))))
    for one in objects:
        if name == "smoke_job.yml.j2":  # its name has a checksum of the node's name
            assert re.fullmatch("[a-z0-9-]{1,63}", one["metadata"].pop("name"))
    return objects


def with_value(tree, plain, hostile):
    if isinstance(tree, dict):
        return {with_value(key, plain, hostile): with_value(value, plain, hostile) for key, value in tree.items()}
    if isinstance(tree, list):
        return [with_value(one, plain, hostile) for one in tree]
    return tree.replace(plain, hostile) if isinstance(tree, str) else tree


def test_there_are_templates():
    assert {role for role, _name in templates()} == {"device_plugin", "dra_driver", "in_cluster"}
    assert len(templates()) >= 17


def test_the_variables_are_those_of_users():
    given = variables("device_plugin", "PLAIN")
    assert given["device_plugin_namespace"] == given["device_plugin_kubelet_directory"] == "PLAIN"
    assert given["device_plugin_source"] == "builtin"
    assert variables("in_cluster", "PLAIN")["machine"]["mig"] == {"PLAIN": ["PLAIN"]}


@pytest.mark.parametrize("role, name", templates(), ids=[f"{role}-{name}" for role, name in templates()])
def test_a_value_is_data(role, name):
    plain = "PLAIN"
    expected = render(role, name, plain)
    for hostile in HOSTILE:
        assert render(role, name, hostile) == with_value(expected, plain, hostile)


def test_the_majors_of_a_node_arrive_in_the_daemonset():
    given = {**variables("in_cluster", "x"), "in_cluster_uvm_major": 240, "in_cluster_caps_major": 241}
    made = yaml.safe_load(environment("in_cluster").get_template("daemonset.yml.j2").render(given))
    [container] = made["spec"]["template"]["spec"]["containers"]
    assert {"--uvm-major=240", "--caps-major=241"} <= set(container["args"])
    values = parse(watch_command.flags(), container["args"][1:])
    assert (values.text("uvm-major"), values.text("caps-major")) == ("240", "241")


@pytest.mark.parametrize(
    "role, name, given, kinds",
    [
        ("in_cluster", "base_objects.yml.j2", {"_in_cluster_together": ["smoke"]}, ["Namespace", "ServiceAccount"]),
        ("in_cluster", "base_objects.yml.j2", {"_in_cluster_namespace_there": True}, ["ServiceAccount", "ConfigMap"]),
        ("in_cluster", "daemonsets.yml.j2", {}, ["DaemonSet", "DaemonSet"]),
        ("in_cluster", "jobs.yml.j2", {}, ["Job", "Job", "Job"]),
        ("in_cluster", "jobs.yml.j2", {"_in_cluster_together": ["verify"]}, ["Job"]),
        ("device_plugin", "objects.yml.j2", {"device_plugin_runtime_class": False}, [*PLUGIN]),
        ("device_plugin", "objects.yml.j2", {"device_plugin_runtime_class": True}, [*PLUGIN, "RuntimeClass"]),
    ],
)
def test_a_template_of_others_has_each_of_them_once(role, name, given, kinds):
    machines = [{"name": machine, "machine": machine, "node_selector": {}} for machine in ("dgxa100", "dgxh100")]
    more = {
        "in_cluster_machines": machines,
        "_in_cluster_together": ["verify", "smoke"],
        "_in_cluster_namespace_there": False,
        "_in_cluster_namespace_ours": False,
        "_in_cluster_gpu_nodes": ["a", "b"],
    }
    text = environment(role).get_template(name).render({**variables(role, "text"), **more, **given})
    objects = [one for one in yaml.safe_load_all(text) if one]
    assert [one["kind"] for one in objects] == kinds
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(set(names)) == len(names)

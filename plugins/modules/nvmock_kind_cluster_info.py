#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_kind_cluster_info
short_description: Gets the state of a kind cluster, and whether it is managed
version_added: 0.2.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Gets the node containers of a kind cluster from the container engine, the versions of C(kind) and C(kubectl), and the path of
    Python on the nodes. Also reads the record of the role P(nvmock.gpu.kind_cluster#role) about the cluster.
  - Run it on the host that runs kind. If a tool, the engine or a node does not answer, the result reports it, and the module does not
    fail.
extends_documentation_fragment:
  - nvmock.gpu.attributes.info
options:
  name:
    description: The name of the cluster.
    type: str
    required: true
  provider:
    description: The container engine that kind uses.
    type: str
    choices: [docker, podman]
    default: docker
  record:
    description: The file with the role's record of the cluster. It does not have to exist.
    type: path
    required: true
  create_seconds:
    description:
      - The role's timeout for C(kind create cluster), in seconds. It is used to detect the containers of an interrupted creation.
    type: int
    default: 900
  kubeconfig:
    description: The kubeconfig of the cluster. It does not have to exist.
    type: path
    required: true
  kubeconfig_merge:
    description: Whether the kubeconfig is merged into the user's file.
    type: bool
    default: false
  kind_minimum:
    description: The oldest supported kind. Text, so quote a version of two parts.
    type: raw
    default: 0.20.0
  kubectl_minimum:
    description: The oldest supported kubectl. Text, so quote a version of two parts.
    type: raw
    default: 1.30.0
  roles:
    description: The roles of the requested nodes, one per node, for RV(shape_wanted).
    type: list
    elements: str
    choices: [control-plane, worker]
    default: []
  python_probe:
    description:
      - A script for C(/bin/sh -c) and its arguments, the first of which is C($0). It runs on all nodes in parallel, and must print the
        path of a Python, or nothing.
      - If empty, or if a node container is not running, the script is not run.
    type: list
    elements: str
    default: []
  config:
    description:
      - The configuration of kind for the cluster that will be created. With it, the module looks for what would make the creation fail
        on this machine, see RV(host).
    type: dict
seealso:
  - plugin: nvmock.gpu.kind_node_image
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Inspect the cluster gpu-mock
  nvmock.gpu.nvmock_kind_cluster_info:
    name: gpu-mock
    record: ~/.local/state/nvmock.gpu/kind/gpu-mock/cluster.json
    kubeconfig: ~/.local/state/nvmock.gpu/kind/gpu-mock/kubeconfig
  register: cluster

- name: Fail if one of its nodes is not running
  ansible.builtin.fail:
    msg: "Run '{{ cluster.cure }}' and try again"
  when: cluster.not_running | length > 0
"""

RETURN = r"""
engine_problem:
  description: Empty, or why the container engine does not answer and how to solve it.
  returned: success
  type: str
  sample: ""
tools:
  description: C(kind) and C(kubectl) on the PATH.
  returned: success
  type: dict
  contains:
    kind:
      description: Its C(version), empty if it is missing, and whether it is C(good), O(kind_minimum) or newer.
      type: dict
      sample: {version: 0.33.0, good: true}
    kubectl:
      description: The same for kubectl and O(kubectl_minimum).
      type: dict
      sample: {version: 1.37.0, good: true}
lacks:
  description: What is missing for a cluster.
  returned: success
  type: list
  elements: str
  sample: [kubectl 1.30.0 or newer]
exists:
  description: Whether the engine has containers of the cluster.
  returned: success
  type: bool
owned:
  description: Whether the cluster is managed. The record then contains each of its containers.
  returned: success
  type: bool
half_made:
  description: Whether the containers are those of an interrupted creation by the role.
  returned: success
  type: bool
usable:
  description: RV(exists), and not RV(half_made).
  returned: success
  type: bool
stays:
  description: Whether the cluster is unmanaged, so that the role keeps it.
  returned: success
  type: bool
known:
  description: Whether the record knows the cluster, because the role created it or used it. A record may be of an earlier cluster of
    the same name.
  returned: success
  type: bool
containers:
  description: The IDs of the cluster's containers, by name.
  returned: success
  type: dict
  sample: {gpu-mock-control-plane: 6a1c1f...}
nodes:
  description: The node containers, control planes first, in kind's own order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The container's name, which is also the Kubernetes node's.
      type: str
      sample: gpu-mock-control-plane
    id:
      description: The container's ID.
      type: str
    role:
      description: V(control-plane) or V(worker).
      type: str
    image:
      description: The ID of its image.
      type: str
    image_name:
      description: The name of its image.
      type: str
    status:
      description: V(running), or another status of the engine.
      type: str
    created:
      description: When it was created.
      type: str
node_image:
  description: The node image of the cluster, from the record if the cluster is RV(owned), otherwise from its first node.
  returned: success
  type: str
  sample: kindest/node:v1.37.0
shape:
  description: The number of nodes per role.
  returned: success
  type: str
  sample: 1 control-plane and 0 worker
shape_wanted:
  description: The same for O(roles).
  returned: success
  type: str
  sample: 1 control-plane and 2 worker
not_running:
  description: Those of RV(nodes) that are not running.
  returned: success
  type: list
  elements: dict
cure:
  description: The command that starts the nodes that are not running. Empty if all are running.
  returned: success
  type: str
  sample: docker start gpu-mock-control-plane
pythons:
  description: The path of the Python in each node that has one, by the node's name.
  returned: success
  type: dict
  sample: {gpu-mock-control-plane: /usr/bin/python3}
python_problem:
  description: Empty, or the engine's message about a node that does not answer.
  returned: success
  type: str
  sample: ""
record:
  description: The record, with all its fields.
  returned: success
  type: dict
host:
  description: What would make the creation of the cluster of O(config) fail on this machine. Empty lists without O(config), if the
    cluster exists, or if the container engine runs on another machine.
  returned: success
  type: dict
  contains:
    devices:
      description: NVIDIA device nodes of this machine. The container engine copies them into every node.
      type: list
      elements: str
      sample: [/dev/nvidia0, /dev/nvidiactl]
    problems:
      description: One line for each reason for which the creation will fail. It says what to do.
      type: list
      elements: str
      sample: []
    warnings:
      description: The same for reasons for which it may fail.
      type: list
      elements: str
      sample: []
kubeconfig_good:
  description: Whether O(kubeconfig) is the file that the role wrote for exactly these containers.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.module.kind_cluster_info import ARGUMENT_SPEC, run


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()

# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Names that claims, the kubelet and other programs use: those of NVIDIA's dra-driver-nvidia-gpu 0.4 and 0.5."""

from __future__ import annotations

DRIVER = "gpu.nvidia.com"
CDI_KIND = "k8s.gpu.nvidia.com/claim"
CONFIG_VERSION = "resource.nvidia.com/v1beta1"
GROUP = "/apis/resource.k8s.io/v1"


def cdi_device(uid: str, device: str, share: str = "") -> str:
    """The name of a claim's device in the claim's CDI specification.

    :arg share: id of the share, if the device is shared.
    """
    return "-".join(filter(None, (uid, device, share)))

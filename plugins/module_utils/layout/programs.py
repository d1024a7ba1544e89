# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The texts of a driver installation: stub programs, nvidia-smi's short answers, loader manifests, runtime config.

The programs are POSIX shell: they answer what can be answered truly (version, help, and for nvidia-smi the list of
GPUs) and refuse the rest with a message and an exit status, so that nobody takes silence for success.
"""

from __future__ import annotations

from ..machine import Machine

_STUB = """#!/bin/sh
# A stand-in made by nvmock.gpu.
case "${{1-}}" in
  -v|--version) echo '{name}:  version {version} (mock)' ;;
  -h|--help|'') echo {help} ;;
  *) echo "{name} (mock): '$1' is not implemented" >&2; exit 1 ;;
esac
"""

_SMI_HEAD = """#!/bin/sh
# A stand-in made by nvmock.gpu: lists the GPUs whose device nodes are visible here.
dev=${{NVMOCK_DEV:-/dev}}
found=0
gpu() {{ # minor, text: shown if the node is there, numbered among the visible ones
  [ -e "$dev/nvidia$1" ] || {{ visible=0; return 0; }}
  visible=1
  printf 'GPU %s: %s\\n' "$found" "$2"
  found=$((found + 1))
}}
mig() {{ # minor of the compute instance's capability, text
  [ "$visible" = 1 ] && [ -e "$dev/nvidia-caps/nvidia-cap$1" ] || return 0
  printf '  %s\\n' "$2"
}}
list() {{
{gpus}
  [ "$found" -gt 0 ] || {{ echo 'No devices were found'; return 6; }}
}}
case "${{1-}}" in
  -L|--list-gpus) list ;;
  --version)
    echo 'NVIDIA-SMI version  : {version}'
    echo 'NVML version        : {nvml}'
    echo 'DRIVER version      : {version}'
    echo 'CUDA Version        : {cuda}'
    ;;
  -h|--help|'')
    echo 'NVIDIA System Management Interface -- v{version} (mock)'
    echo
    echo 'This stand-in answers -L (--list-gpus), --version and -h (--help).'
    ;;
  *) echo "nvidia-smi (mock): '$1' is not implemented" >&2; exit 2 ;;
esac
"""

_RUNTIME_CONFIG = """# Configuration of the NVIDIA container runtime for the mock driver (keys: nvidia-container-toolkit, config.toml).
disable-require = false
supported-driver-capabilities = "compat32,compute,display,graphics,ngx,utility,video"

[nvidia-container-cli]
root = "{driver_root}"
environment = []
load-kmods = false

[nvidia-container-runtime]
mode = "cdi"
runtimes = ["runc", "crun"]

[nvidia-container-runtime.modes.cdi]
annotation-prefixes = ["cdi.k8s.io/"]
default-kind = "nvidia.com/gpu"
spec-dirs = ["/etc/cdi", "/var/run/cdi"]
"""


def stub(name: str, purpose: str, version: str) -> bytes:
    """Return the text of a program that answers --version and --help."""
    text = f"{name} (mock): {purpose}. This stand-in answers --version and --help only."
    return _STUB.format(name=name, help=_quoted(text), version=version).encode("ascii")


def nvidia_smi(machine: Machine) -> bytes:
    """Return the text of nvidia-smi, which knows the GPUs of *machine*.

    The forms of -L and --version are those of nvidia-smi 550.
    """
    from ..mig import capability_minors

    enabled = [gpu.minor for gpu in machine.gpus if gpu.mig_enabled]
    minors = capability_minors(enabled) if enabled else {}
    lines = []
    for gpu in machine.gpus:
        lines.append(f"  gpu {gpu.minor} {_quoted(f'{gpu.name} (UUID: {gpu.uuid})')}")
        for device in gpu.mig_devices:
            text = f"MIG {device.profile:<12} Device {device.index:>2}: (UUID: {device.uuid})"
            lines.append(f"  mig {minors[f'gpu{gpu.minor}/gi{device.gi}/ci{device.ci}/access']} {_quoted(text)}")
    version = machine.driver_version
    return _SMI_HEAD.format(
        gpus="\n".join(lines),
        version=version,
        nvml=".".join(version.split(".")[:2]),
        cuda="%d.%d" % machine.cuda_version,
    ).encode("ascii")


def runtime_config(driver_root: str) -> bytes:
    """Return etc/nvidia-container-runtime/config.toml."""
    escaped = driver_root.replace("\\", "\\\\").replace('"', '\\"')
    return _RUNTIME_CONFIG.format(driver_root=escaped).encode("utf-8")


def loader_manifest(path: str, library: str) -> str:
    """Return the JSON by which a loader (EGL, Vulkan) finds *library*; its family follows from *path*."""
    if "implicit_layer.d" in path:
        return (
            '{\n    "file_format_version": "1.0.0",\n    "layer": {\n        "name": "VK_LAYER_NV_optimus",\n'
            f'        "type": "INSTANCE",\n        "library_path": "{library}",\n        "api_version": "1.3.277",\n'
            '        "implementation_version": "1",\n        "description": "NVIDIA Optimus layer",\n'
            '        "enable_environment": {"__NV_PRIME_RENDER_OFFLOAD": "1"},\n'
            '        "disable_environment": {"DISABLE_LAYER_NV_OPTIMUS_1": ""}\n    }\n}\n'
        )
    api = ',\n        "api_version": "1.3.277"' if "vulkan" in path else ""
    return (
        '{\n    "file_format_version": "1.0.0",\n    "ICD": {\n'
        f'        "library_path": "{library}"{api}\n    }}\n}}\n'
    )


def _quoted(text: str) -> str:
    """Quote for a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"

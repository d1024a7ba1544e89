# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The programs of a driver installation, and its small texts: loader manifests, runtime configuration.

Each is a static executable with its description appended: nvidia-smi (native/smi_program.c) with the machine's facts, the others
(native/driver_program.c) with their names. So they also run in containers without a shell. The others support version and help only.
If there is no executable for the architecture, and for programs that are scripts, they are POSIX shell scripts with fewer functions.
"""

from __future__ import annotations

from .. import native
from ..machine.mig import capability_minor
from .state_file import NAME as STATE_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..machine.model import Gpu, Machine, Readings

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
  device=0
  printf 'GPU %s: %s\\n' "$found" "$2"
  found=$((found + 1))
}}
mig() {{ # minor of the compute instance's capability, profile, UUID: numbered among the visible ones of the GPU
  [ "$visible" = 1 ] && [ -e "$dev/nvidia-caps/nvidia-cap$1" ] || return 0
  printf '  MIG %-11s Device %2s: (UUID: %s)\\n' "$2" "$device" "$3"
  device=$((device + 1))
}}
list() {{
{gpus}
  [ "$found" -gt 0 ] || echo 'No devices found.'
}}
case "${{1-}}" in
  -h|--help) ;;
  *) [ -e "$dev/nvidiactl" ] || {{
    echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest \
NVIDIA driver is installed and running."
    echo
    exit 9
  }} ;;
esac
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


def stub(name: str, purpose: str, version: str, architecture: str) -> bytes:
    """Return a program that answers --version and --help."""
    if architecture in native.ARCHITECTURES and not name.endswith(".sh"):
        image = native.binary(native.DRIVER_PROGRAM, architecture)
        return native.with_payload(image, f"stub\t{name}\t{purpose}\t{version}\n")
    text = f"{name} (mock): {purpose}. This stand-in answers --version and --help only."
    return _STUB.format(name=name, help=_quoted(text), version=version).encode("ascii")


def nvidia_smi(machine: Machine, architecture: str, libraries: list[str] | None = None) -> bytes:
    """Return nvidia-smi for the GPUs of *machine*.

    The format of its output is that of the driver's branch.

    :arg libraries: the directories in which the file of the state may be, relative to that of the program.
    """
    version = machine.driver_version
    nvml = ".".join(version.split(".")[:2])
    cuda = "%d.%d" % machine.cuda_version
    if architecture in native.ARCHITECTURES:
        lines = [f"smi\t{version}\t{nvml}\t{cuda}\n"]
        if machine.model is not None:
            lines.append("\t".join(("readings", *_reading_texts(machine.model.readings))) + "\n")
        from .smi_commands import command_lines
        from .smi_document import Payload

        document = Payload(machine)
        lines += document.lines()
        lines.append("\t".join(("state", STATE_FILE.format(V=version), *(libraries or []))) + "\n")
        lines += command_lines(machine)
        for gpu in machine.gpus:
            lines.append("\t".join(("gpu", str(gpu.minor), gpu.name, gpu.uuid, *_facts(machine, gpu))) + "\n")
            for minor, profile, uuid in _mig_facts(gpu):
                lines.append(f"mig\t{minor}\t{profile}\t{uuid}\n")
            lines += document.lines_of(gpu)
        return native.with_payload(native.binary(native.SMI, architecture), "".join(lines))
    lines = []
    for gpu in machine.gpus:
        lines.append(f"  gpu {gpu.minor} {_quoted(f'{gpu.name} (UUID: {gpu.uuid})')}")
        for minor, profile, uuid in _mig_facts(gpu):
            lines.append(f"  mig {minor} {_quoted(profile)} {_quoted(uuid)}")
    return _SMI_HEAD.format(gpus="\n".join(lines), version=version, nvml=nvml, cuda=cuda).encode("ascii")


def _mig_facts(gpu: Gpu) -> list[tuple[int, str, str]]:
    """(minor of the compute instance's capability, profile, UUID) of each MIG device."""
    return [(capability_minor(gpu.minor, one.gi, one.ci), one.profile, one.uuid) for one in gpu.mig_devices]


def _facts(machine: Machine, gpu: Gpu) -> tuple[str, ...]:
    """Return the fields GPU_BUS_ID to GPU_SUBSYSTEM_ID of native/smi.h; "" if unknown."""
    bus = gpu.pci_bus_id.upper()
    if bus and len(bus.partition(":")[0]) == 4:
        bus = "0000" + bus
    model = machine.model
    if model is None:
        return (bus, "", gpu.serial, "", "", "", "", "")
    mode = ("Enabled" if gpu.mig_enabled else "Disabled") if model.mig_profiles else ""
    return (
        bus,
        str(model.memory_mib),
        gpu.serial,
        model.vbios_version,
        "%d.%d" % model.compute_capability,
        mode,
        "0x" + model.pci_device_id.upper(),
        "0x" + model.pci_subsystem_id.upper(),
    )


def _reading_texts(readings: Readings) -> tuple[str, ...]:
    """Return the fields READ_TEMPERATURE to READ_STATE of native/smi.h; "" if unknown."""
    least, default, most = readings.power_limits_mw or (0, 0, 0)
    return (
        str(readings.temperature_c or ""),
        str(readings.memory_temperature_c or ""),
        *(
            f"{power // 1000}.{power % 1000 // 10:02d}" if power else ""
            for power in (readings.power_mw, default, least, most)
        ),
        *(str(clock or "") for clock in readings.clocks_mhz or (0,) * 4),
        *(str(clock or "") for clock in readings.max_clocks_mhz or (0,) * 4),
        *(str(number or "") for number in readings.pcie_link or (0, 0)),
        readings.ecc_mode,
        "0" if readings.ecc_mode == "Enabled" else "",
        "P0" if readings.clocks_mhz and readings.clocks_mhz[0] else "",
    )


def toolkit_config(driver_root: str) -> bytes:
    """Return etc/nvidia-container-runtime/config.toml."""
    escaped = driver_root.replace("\\", "\\\\").replace('"', '\\"')
    return _RUNTIME_CONFIG.format(driver_root=escaped).encode("utf-8")


def loader_manifest(path: str, library: str) -> str:
    """Return the JSON with which a loader (EGL, Vulkan) finds *library*. *path* determines its family."""
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

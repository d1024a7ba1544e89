# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The options of a specification: one object, for every interface. The defaults are nvidia-container-toolkit's."""

from __future__ import annotations

from ..errors import ParameterError
from ..values import Value, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

HOOKS_TOOLKIT = "toolkit"
HOOKS_NONE = "none"
HOOK_MODES = (HOOKS_TOOLKIT, HOOKS_NONE)

STRATEGIES = ("index", "uuid", "type-index")


@value
class Options(Value):
    """How to generate a specification. Empty options have the tool's default.

    :mod:`..node.spec_options` defines the parameters of the module and the flags.

    :raises ParameterError: a choice that does not exist.
    """

    mode: str = "auto"  # auto, nvml, management, gds, mofed, gdrcopy, nvswitch, imex or mig-caps
    driver_root: str = ""  # the driver installation's root as given, also the argument of one hook; ``""`` is ``/``
    dev_root: str = ""  # where ``/dev`` is; ``""`` takes the driver root
    vendor: str = "nvidia.com"
    cdi_class: str = "gpu"
    hook_path: str = ""  # the hooks' program on the node
    ldconfig_path: str = ""  # for update-ldcache, e.g. ``@/sbin/ldconfig.real``
    device_name_strategies: tuple[str, ...] = ("index", "uuid")  # any of STRATEGIES
    # Devices to have: index, ``<index>:<mig index>``, UUID, ``all``, ``none``, IMEX channels.
    device_ids: tuple[str, ...] = ()
    all_device: bool = True  # a device ``all`` with the edits of all devices
    disabled_hooks: tuple[str, ...] = ()  # names, or ``all``
    enabled_hooks: tuple[str, ...] = ()  # names that are made although disabled
    feature_flags: tuple[str, ...] = ()  # the tool's feature flags
    library_search_paths: tuple[str, ...] = ()  # where to look for libraries instead of the usual places
    config_search_paths: tuple[str, ...] = ()  # the same for configuration files
    toolkit_release: str = ""  # a name in :data:`.releases.RELEASES`; ``""`` is the default release
    hook_mode: str = HOOKS_TOOLKIT  # ``none``: no hooks, every name of a library is a mount of its own
    architecture: str = ""  # machine name as ``uname -m``, for names of Vulkan files
    # What the tool takes from its process and its kernel. :mod:`..node.cdi_spec` sets them, for every interface.
    search_path: str = ""  # ``PATH``; the usual directories are searched in any case
    data_dirs: str = ""  # ``XDG_DATA_DIRS``
    kernel_release: str = ""  # ``uname -r``, for firmware; ``""`` leaves those directories out

    def __post_init__(self) -> None:
        if self.hook_mode not in HOOK_MODES:
            raise ParameterError("hook_mode", self.hook_mode, "one of " + ", ".join(HOOK_MODES))
        for strategy in self.device_name_strategies:
            if strategy not in STRATEGIES:
                raise ParameterError("device_name_strategies", strategy, "one of " + ", ".join(STRATEGIES))
        for name in ("library_search_paths", "config_search_paths"):
            for path in getattr(self, name):
                if not path.startswith("/"):
                    raise ParameterError(name, path, "an absolute path on the node")
        self.dev_root = self.dev_root or self.driver_root or "/"


def options_from(given: Mapping[str, object]) -> Options:
    """Return the options in *given*. Empty values and other keys are ignored.

    :raises ParameterError: a choice that does not exist.
    """
    values = {name: tuple(one) if isinstance(one, list) else one for name, one in given.items()}
    named = {name: one for name, one in values.items() if name in Options.FIELDS and one not in ("", (), None)}
    return Options(**named)  # type: ignore[arg-type]

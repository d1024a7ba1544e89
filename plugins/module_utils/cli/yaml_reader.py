# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Reading YAML with PyYAML, which is looked for only now: gpu-mockctl starts without site-packages."""

from __future__ import annotations

from ..errors import NvmockError, ParameterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def pyyaml() -> Any:
    """Return the yaml module.

    :raises NvmockError: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        import site

        site.main()
        try:
            import yaml
        except ImportError:
            raise NvmockError("PyYAML is needed to read YAML: install python3-yaml (or pip install PyYAML)") from None
    return yaml


def load(name: str, path: str, text: str) -> object:
    """Return the data of the YAML document *text*.

    :raises ParameterError: it is not YAML; *name* is the parameter that named *path*.
    """
    yaml = pyyaml()
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ParameterError(name, path, "YAML (" + " ".join(str(error).split()) + ")") from None

# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Random histories of the modules: each looks after its own component only, and check mode says what a run then does."""

from __future__ import annotations

import json

import tree
from case import Attack, Case
from nodes import BASES, make_base
from product import Outcome, module

_TRIES = 40
_MAKERS = ("nvmock_devices", "nvmock_driver_tree", "nvmock_cdi_spec")
_MACHINES = ("dgxa100", "dgxh100", "dgxb200")
_FACTS = ("changed", "created", "updated", "removed")
Parameters = dict[str, object]


class ModuleHistories(Attack):
    """The three modules that make a node, with options and places that change, and their absence in any order."""

    name = "module_histories"

    def count(self) -> int:
        """So many histories."""
        return _TRIES

    def attempt(self, case: Case) -> None:
        """Make one history."""
        rng, top, clean = case.rng, case.path("node"), case.path("clean")
        base = rng.choice(BASES)
        make_base(base, top)
        make_base(base, clean)
        bare = tree.listing(top)
        told: list[str] = []
        for _step in range(rng.randint(1, 2)):
            for name, parameters in zip(_MAKERS, self._choose(rng)):
                self._run(case, told, name, {**parameters, "host_root": top})
        last = self._choose(rng)
        for name, parameters in zip(_MAKERS, last):
            outcome = self._run(case, told, name, {**parameters, "host_root": top})
            again = _facts(module(name, {**parameters, "host_root": top}))
            case.check("again", not outcome.ok or again.get("changed") is False, f"{'; '.join(told)}: again {again}")
            module(name, {**parameters, "host_root": clean})
        wrong = tree.difference(tree.listing(clean), tree.listing(top))
        case.check("end", not wrong, f"{'; '.join(told)}: {wrong}")
        for name in rng.sample(_MAKERS, len(_MAKERS)):
            self._run(case, told, name, {"host_root": top, "state": "absent"})
        wrong = tree.difference(bare, tree.listing(top))
        case.check("absent", not wrong, f"{'; '.join(told)}: {wrong}")

    def _choose(self, rng) -> tuple[Parameters, Parameters, Parameters]:
        machine: Parameters = {
            "machine": rng.choice(_MACHINES),
            "gpu_count": rng.choice((1, 2, 8)),
            "uuid_seed": "attack",
        }
        driver_root = rng.choice(("/var/lib/nvidia-mock/driver", "/opt/driver", "/run/nvidia/dr"))
        devices: Parameters = {**machine, "dri": rng.random() < 0.5, "dev_roots": ["/", driver_root]}
        if rng.random() < 0.5:
            devices["base"] = rng.choice(("/run/a-b", "/srv/mock"))
        specification: Parameters = {**machine, "driver_root": driver_root, "dev_root": "/", "hook_mode": "none"}
        specification["path"] = rng.choice(("/etc/cdi/nvidia.yaml", "/etc/cdi/mock.json"))
        return devices, {**machine, "driver_root": driver_root}, specification

    def _run(self, case: Case, told: list[str], name: str, parameters: Parameters) -> Outcome:
        foretold = module(name, parameters, check=True)
        outcome = module(name, parameters)
        given = " ".join(f"{key}={value}" for key, value in parameters.items() if key != "host_root")
        told.append(f"{name} {given}")
        words = "; ".join(told)
        case.check("run", outcome.ok, f"{words}: {_message(outcome)}")
        case.check("check", _facts(foretold) == _facts(outcome), f"{words}: check mode: {_message(foretold)}")
        return outcome


def _facts(outcome: Outcome) -> Parameters:
    try:
        result = json.loads(outcome.out)
    except ValueError:
        return {}
    return {key: result.get(key) for key in _FACTS}


def _message(outcome: Outcome) -> str:
    try:
        return str(json.loads(outcome.out).get("msg", "no message"))[:300]
    except ValueError:
        return str(outcome)


ATTACK = ModuleHistories()

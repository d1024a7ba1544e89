# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Bad values for every flag and every option of a module: one line that names it, nothing changed, nothing executed."""

from __future__ import annotations

import json
import os
import random

import tree
from case import Attack, Case
from interfaces import flags, options
from nodes import Made, make_base
from product import ctl, module

_LONG = "n" * 248
_TEXTS = (
    *("", " ", "x", "-1", "0", "65", "4294967295", "1000000000000", "9" * 400, "1e3", "0x10", "1_0", "٣", "nan"),
    *(
        "relative",
        "/",
        "//",
        "/.",
        "/..",
        "/run/../../x",
        "/run/" + _LONG,
        "/run/" + "d/" * 2100 + "x",
        "/" + _LONG * 20,
    ),
    *("/dev/null", "/dev/null/x", "/dev/nvidia0/x.yaml", "/etc/passwd", "/etc/passwd/x.yaml", "/proc/x.yaml", "/dev"),
    *("/var/lib/nvidia-mock", "/var/lib/nvidia-mock/manifest.mtree", "/var/lib/nvidia-mock/manifest.mtree/x.yaml"),
    *(
        "/var/lib/nvidia-mock/.nvmock.tmp",
        "/etc/cdi",
        "/run/a\nb",
        "/run/a\tb.yaml",
        "a\nb",
        "\udcff",
        "/run/\udcff.yaml",
    ),
    *("$(touch CANARY)", "`touch CANARY`", "; touch CANARY", "'; touch CANARY; '", '"\n- x', "{{ 1 + 1 }}", "%n", "\\"),
    *("a,b", ",", "0=", "=", "0=1g.5gb;0=1g.5gb", "99=1g.5gb", "0=9g.80gb", "0000:00:00.0,0000:00:00.0", "--", "-h"),
)
_COMMANDS: dict[tuple[str, ...], tuple[str, ...]] = {
    (): ("--gpu-count", "1"),
    ("verify",): (),
    ("machines",): (),
    ("cdi", "generate"): ("--driver-root", "/var/lib/nvidia-mock/driver", "--machine", "dgxa100"),
    ("cdi", "list"): (),
    ("cdi", "validate"): (),
    ("cdi", "transform", "root"): ("--input", "/etc/cdi/other.yaml", "--from", "/a", "--to", "/b"),
}
_LINES = (
    *(("--no-such-flag",), ("--base",), ("stray",), ("--check=maybe",), ("--remove", "stray"), ("no-such-command",)),
    *(("cdi",), ("cdi", "no-such"), ("cdi", "list", "stray"), ("verify", "--mode"), ("watch", "--interval", "x")),
    *(("watch", "--interval", "-1"), ("watch", "--interval", "nan"), ("machines", "stray"), ("--",), ("-",), ("---",)),
    *(("--output=xml",), ("--mode", "fs,none"), ("--mode", ""), ("--gpu-count=",), ("--machine-file", "/etc/passwd")),
    *(("--machine-file", "/dev/null"), ("--machine-file", "/"), ("--host-root", "/dev/null"), ("--host-root", "")),
)
# What needs a driver installation on the node.
_ON_A_NODE = (("cdi", "generate"), ("verify",), "nvmock_cdi_spec", "nvmock_fault", "nvmock_gpu_state", "nvmock_verify")
_NODE = ("--gpu-count", "1")
# Of a subcommand's flag and of a module's option, a whole run tries random values only.
_SOME_TEXTS, _SOME_VALUES = 14, 12
_MACHINE = {"gpu_count": 1, "uuid_seed": "attack"}
_MODULES: dict[str, dict[str, object]] = {
    "nvmock_devices": {**_MACHINE, "restore_at_boot": "always"},
    "nvmock_driver_tree": {**_MACHINE},
    "nvmock_cdi_spec": {**_MACHINE, "hook_mode": "none"},
    "nvmock_fault": {"kind": "xid", "xid": 79},
    "nvmock_gpu_state": {},
    "nvmock_machine_info": {**_MACHINE},
    "nvmock_verify": {},
    "nvmock_runtime_config": {"settings": [{"key": ["features", "cdi"], "value": True}]},
}
# What only says how a module works, or is checked by Ansible alone.
_NOT_TRIED = ("check_mode", "diff_mode", "platform", "validate")
_NUMBERS = (-1, 0, 1, 512, 4096, 1 << 20, 1 << 31, (1 << 32) - 2, (1 << 32) - 1, 10**12, 10**30, 1.5)
_SHAPES: tuple[object, ...] = (
    None,
    True,
    [],
    [[]],
    [None],
    [{}],
    [""],
    {},
    {"": None},
    {"a": {"b": []}},
    "a\0b",
    "\ud800",
)
_BY_TYPE: dict[str, tuple[object, ...]] = {
    "int": (*_NUMBERS, *_SHAPES, "x", "", "1e3", "٣"),
    "bool": (*_SHAPES, 7, "maybe", ""),
    "list": (*_SHAPES, "x", ",", 5, [1, 2], ["x"] * 10_000, ["/"], ["relative"], ["/.."], ["/dev/null"]),
    "dict": (*_SHAPES, "x", 5, {"0": "x"}, {"x": [1]}, {"99": ["1g.5gb"]}, {"0": [{}]}, {"base": "x" * 1000}),
}
_CONFIGURATIONS = {
    "toml": (
        *("x = " + "[" * 3000, "x = " + "[" * 3000 + "]" * 3000, "[" + "a." * 3000 + "b]", "x = {" * 3000),
        *(
            "\0",
            "x = 1\nx = 2\n",
            "[a]\n[a]\n",
            "[features]\ncdi = 1\n[features.cdi]\n",
            "features = 5\n",
            "\ufeffx = 1\n",
        ),
        *(
            "x = 99999999999999999999999999\n",
            "x = 1979-99-99\n",
            'x = "\\ud800"\n',
            "x = '''\n",
            "= 1\n",
            "[[features]]\n",
        ),
    ),
    "json": (
        *(
            "[" * 3000,
            '{"a":' * 3000,
            '{"a":' * 3000 + "1" + "}" * 3000,
            "[]",
            "5",
            "null",
            "",
            " ",
            "{",
            '{"features": 5}',
        ),
        *('{"a": 1, "a": 2}', '{"a": 1e400}', '{"a": NaN}', '{"a": Infinity}', '{"a": "\\ud800"}', "\0", '{"a": 1} x'),
        *('{"features": {"cdi": [1]}}', '{"a": ' + "9" * 5000 + "}", "\ufeff{}", '{"features": null}'),
    ),
}


class BadInput(Attack):
    """One value for one flag or option, or one configuration file."""

    name = "bad_input"
    share = 3.0

    def prepare(self, place: str, seed: int) -> None:
        """List everything that can be said wrongly."""
        rng = random.Random(f"{seed}/bad input")
        self._node = Made(place + "/node", "used", _NODE)
        self._tries: list[tuple[object, ...]] = [("line", line) for line in _LINES]
        for command, needed in _COMMANDS.items():
            for flag, takes in flags(*command):
                if flag in ("--help", "--host-root") or not takes:
                    continue
                texts = rng.sample(_TEXTS, _SOME_TEXTS) if command else _TEXTS
                self._tries += [("flag", command, needed, flag, text) for text in texts]
        for name, given in _MODULES.items():
            for option, facts in options(name).items():
                if option in _NOT_TRIED:
                    continue
                values = _BY_TYPE.get(str(facts.get("type", "str")), (*_TEXTS, *_SHAPES))
                values = [value for value in values if not _has_surrogates(value)]
                for value in rng.sample(values, min(_SOME_VALUES, len(values))):
                    self._tries.append(("option", name, given, option, value))
        for language, texts in _CONFIGURATIONS.items():
            self._tries += [("configuration", language, text) for text in texts]

    def count(self) -> int:
        """Each value for each flag of gpu-mockctl, some for the others."""
        return len(self._tries)

    def attempt(self, case: Case) -> None:
        """Say it."""
        kind, *rest = self._tries[case.number]
        self._top, self._canary = case.path("node"), case.path("canary")
        if kind in ("flag", "option") and rest[0] in _ON_A_NODE:
            tree.copy(self._node.top, self._top)
        else:
            make_base("used", self._top)
        self._bare = tree.listing(self._top)
        getattr(self, f"_{kind}")(case, *rest)
        case.check("executed", not os.path.exists(self._canary), f"{rest}: a text was executed")

    def _line(self, case: Case, line: tuple[str, ...]) -> None:
        outcome = ctl(self._top, *line, limits=True)
        wrong = outcome.complaint if not outcome.ok else "this is accepted"
        if line in (("cdi",), ("--",)) and outcome.ok:
            wrong = ""
        case.check("line", not wrong, f"{line}: {wrong}")
        self._unchanged(case, f"{line}")

    def _flag(self, case: Case, command: tuple[str, ...], needed: tuple[str, ...], flag: str, text: str) -> None:
        text = text.replace("CANARY", self._canary)
        if flag == "--output" and text.startswith("/"):
            text = ""  # a file of this machine: it may be written
        line = [*command, *needed, flag, text]  # of a flag that is given twice, the last one counts
        told = f"{' '.join([*command, flag])} {text[:60]!r}: "
        foretold = ctl(self._top, *line, "--check", limits=True) if not command else None
        if foretold is not None:
            self._unchanged(case, told + "--check: ")
        outcome = ctl(self._top, *line, limits=True)
        if foretold is not None:
            case.check("check", foretold.ok == outcome.ok, f"{told}--check: {foretold}; the run: {outcome}")
        if outcome.ok or (command in (("verify",), ("cdi", "validate")) and outcome.status == 1):
            case.check("line", not outcome.traceback, f"{told}{outcome}")
            if not command:
                again = ctl(self._top, *line, "--output", "json")
                case.check("again", '"changed": false' in again.out, f"{told}the second run: {again}")
                removed = ctl(self._top, *line, "--remove")
                wrong = tree.difference(self._bare, tree.listing(self._top))
                case.check("remove", removed.ok and not wrong, f"{told}then --remove: {removed}; {wrong}")
            return
        wrong = outcome.complaint
        shown = text.encode("utf-8", "backslashreplace").decode().replace("\n", "\\n").replace("\r", "\\r")
        named = flag in outcome.err or (shown.strip() and shown[:40] in outcome.err)
        named = named or (command == ("cdi", "generate") and "failed to " in outcome.err)  # nvidia-ctk's own words
        if not wrong and not named:
            wrong = f"the message names neither the flag nor the value: {outcome.err.strip()[:200]}"
        case.check("line", not wrong, f"{told}{wrong}")
        self._unchanged(case, told)

    def _option(self, case: Case, name: str, given: dict[str, object], option: str, value: object) -> None:
        if isinstance(value, str):
            value = value.replace("CANARY", self._canary)
        parameters = {**given, option: value}
        if "host_root" in options(name):
            parameters.setdefault("host_root", self._top)
        if option == "host_root" and isinstance(value, str) and value.startswith("/"):
            return  # another part of this machine
        if name == "nvmock_runtime_config":
            parameters.setdefault("path", self._top + "/etc/config.toml")
            parameters.setdefault("state_directory", self._top + "/var/lib/state")
            if option in ("path", "state_directory"):
                if not isinstance(value, str) or not value.startswith("/"):
                    return  # Ansible makes a text of it, and a path of the working directory
                parameters[option] = self._top + value
        told = f"{name} {option}={value!r:.60}: "
        foretold = module(name, parameters, check=True)
        self._unchanged(case, told + "check mode: ")
        outcome = module(name, parameters)
        first, second = _result(foretold.out), _result(outcome.out)
        # What check mode assumes, another task may make before the run.
        agree = first.get("failed") == second.get("failed") or (first.get("assumed") and second.get("failed"))
        case.check("check", bool(agree), f"{told}check mode: {foretold}; then {outcome}")
        wrong = "a traceback" if "Traceback" in outcome.said or "exception" in second else ""
        wrong = wrong or ("" if second else "no result")
        if second.get("failed"):
            message = str(second.get("msg"))
            # Ansible itself says this of a list of dictionaries, and a good name can be one too many on this node.
            named = "dictionary requested" in message or (option == "instance" and "belongs to the mock" in message)
            named = named or message.startswith("failed to ")  # nvidia-ctk's own words
            named = named or option in message or (isinstance(value, str) and value.strip() and value[:40] in message)
            shown = message.replace(value, "") if isinstance(value, str) and value else message  # as Ansible repeats it
            unlike = "\n" in shown.strip() or (not named and name != "nvmock_verify")
            wrong = wrong or (f"the message is not one line that names the option: {message[:200]!r}" if unlike else "")
        case.check("line", not wrong, f"{told}{wrong}; {outcome}")
        if second.get("failed") or not second:
            self._unchanged(case, told)
        elif "changed" in second and name != "nvmock_verify" and not (option == "repeat" and value is True):
            again = module(name, parameters)
            case.check("again", _result(again.out).get("changed") is False, f"{told}the second run: {again.out[:200]}")

    def _configuration(self, case: Case, language: str, text: str) -> None:
        path = self._top + "/etc/config"
        tree.write(path, text.encode("utf-8", "surrogatepass"), 0o600)
        parameters: dict[str, object] = {**_MODULES["nvmock_runtime_config"], "path": path, "language": language}
        parameters["state_directory"] = self._top + "/var/lib/state"
        before = tree.listing(self._top)
        outcome = module("nvmock_runtime_config", parameters)
        result = _result(outcome.out)
        told = f"a {language} file {text[:40]!r}: "
        wrong = "a traceback" if "Traceback" in outcome.said or not result else ""
        if result.get("failed"):
            message = str(result.get("msg"))
            wrong = wrong or ("" if "\n" not in message.strip() and path in message else f"said: {message[:200]!r}")
            wrong = wrong or tree.difference(before, tree.listing(self._top))
        elif not wrong:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                now = file.read()
            wrong = "Infinity or NaN is written" if language == "json" and ("Infinity" in now or "NaN" in now) else ""
            wrong = wrong or ("one of two values was dropped" if text.count('"a"') > now.count('"a"') else "")
        case.check("configuration", not wrong, f"{told}{wrong}; {outcome}")
        if not result.get("failed") and result:
            module("nvmock_runtime_config", {**parameters, "state": "absent"})
            after = tree.listing(self._top)
            wrong = tree.difference(
                {path[len(self._top) :]: before["/etc/config"]}, {"/etc/config": after["/etc/config"]}
            )
            case.check("configuration", not wrong, f"{told}then absent: {wrong}")

    def _unchanged(self, case: Case, told: str) -> None:
        wrong = tree.difference(self._bare, tree.listing(self._top))
        case.check("unchanged", not wrong, f"{told}{wrong}")


def _has_surrogates(value: object) -> bool:
    """Whether it is a text that Ansible itself can't log."""
    return isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value)


def _result(out: str) -> dict[str, object]:
    try:
        result = json.loads(out)
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}


ATTACK = BadInput()

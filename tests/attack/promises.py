# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the product promises, by the attack that tries to break it. A check that names no promise of this table fails."""

from __future__ import annotations

PROMISES: dict[str, dict[str, str]] = {
    "damage": {
        "repair": "a damaged node is repaired exactly, or refused in one line with nothing changed",
        "again": "the run after a repair changes nothing",
        "check": "--check says what the run then does, and changes nothing itself",
        "remove": "--remove leaves what was there before, and names what it leaves because it was changed",
        "unmanaged": "unmanaged files stay as they are, and so does everything outside of the node",
    },
    "killed": {
        "run": "each run that is disturbed works if it is not",
        "killed": "a run can be killed before any system call that changes something",
        "whole": "after a kill nothing is half-written, and no name in use then is one that other programs read",
        "repair": "the next run after a kill completes it",
        "remove": "a removal after a kill leaves what was there before",
    },
    "refused": {
        "run": "each run that is disturbed works if it is not",
        "all or none": "a run that is refused a system call, once or lastingly, changes all or nothing",
        "line": "a run that fails says so in one line",
    },
    "histories": {
        "end": "after any history of options, the node is as a clean one made with the last options",
        "again": "the second run with the same options changes nothing",
        "check": "--check says what the run then does",
        "refusal": "a run that is refused says so in one line and changes nothing",
        "remove": "--remove leaves what was there before, whatever options made the node",
    },
    "module_histories": {
        "run": "the modules that make a node work in any history of options",
        "again": "the second run of a module with the same options changes nothing",
        "check": "check mode says what the run then does",
        "end": "after any history, the node is as a clean one made with the last options",
        "absent": "state: absent of the modules, in any order, leaves what was there before",
    },
    "instances": {
        "made": "a second mock with a name can be made beside the first one",
        "again": "two mocks on one node do not change each other",
        "one": "the removal of one mock leaves the other as it is",
        "remove": "--remove removes both",
    },
    "at_once": {
        "pair": "two runs at once both succeed",
        "crowd": "5 and 20 runs at once all succeed",
        "serial": "after runs at once, the node is byte-equal to one order of them",
        "old": "a run beside one of an older version succeeds, and the next run makes the node as a fresh one",
    },
    "full_disk": {
        "tmpfs": "a run on a tmpfs with too few blocks or inodes left changes nothing",
        "ext4": "a run on an ext4 filesystem with too few blocks or inodes left changes nothing",
        "line": "a run that finds no space says so in one line",
        "again": "the same run succeeds when there is space again",
    },
    "links": {
        "write": "nothing is written or deleted through a planted link",
        "read": "nothing is read through a planted link",
        "line": "a run that meets a planted link works, or changes nothing and says so in one line",
    },
    "exchanged": {
        "read": "nothing outside of the node is read while directories and links change places",
        "write": "nothing outside of the node is written or deleted while directories and links change places",
        "traceback": "a node that changes meanwhile is no reason for a traceback or a hang",
    },
    "manifests": {
        "line": "a damaged manifest is refused in one line with nothing changed, or does no harm",
        "unmanaged": "whatever a manifest says, unmanaged files are neither deleted nor replaced",
        "repair": "a run that accepts a damaged manifest leaves the node as a fresh one",
        "lost": "a run takes back a node whose manifest is lost or cut short",
        "remove": "a removal that accepts a damaged manifest removes everything, or names what stays",
        "bounded": "no manifest costs more than some seconds or 2 GiB",
    },
    "foreign_specs": {
        "bounded": "no file beside the specification costs more than some seconds or 2 GiB",
        "traceback": "no file beside the specification causes a traceback",
        "unmanaged": "files beside the specification stay as they are",
        "works": "no unreadable file beside the specification hinders a run, a removal or a generation",
    },
    "machine_files": {
        "definition": "a hostile machine definition is refused in one line that names it, with nothing changed, or works",
        "reader": "a hostile machine file on the node causes at most one line",
        "repair": "the next run replaces a hostile machine file exactly",
        "bounded": "no machine file costs more than some seconds or 2 GiB",
    },
    "plugin_files": {
        "alive": "the device plugin outlives any machine file and any specification",
        "unhealthy": "with a file that can't be read, no device is healthy",
        "recovers": "the devices are healthy again when the file is as before",
        "line": "the device plugin's log has no traceback",
        "streams": "any number of open ListAndWatch streams delays no other call",
    },
    "bad_input": {
        "line": "a bad value of a flag or an option is refused in one line that names it",
        "unchanged": "a refused value and check mode change nothing",
        "check": "check mode refuses what the run refuses, or names what it assumes",
        "again": "with a value that is accepted, the second run changes nothing",
        "remove": "with a value that is accepted, --remove leaves what was there before",
        "executed": "no value is executed",
        "configuration": "a hostile runtime configuration is refused in one line, or keeps everything that it says",
    },
    "upgrade": {
        "run": "the next run makes a node of an older version as a fresh one",
        "check": "--check says what that run does",
        "remove": "--remove leaves nothing of a node of an older version",
    },
    "taken_over": {
        "refused": "unmanaged files in the product's places are refused in one line",
        "taken": "--take-over makes the node as a fresh one",
        "secret": "what only root may read of a file that is taken over, nobody else can read anywhere",
        "back": "--remove puts back what was taken over: kind, mode, owner, content",
        "attributes": "what is put back has its old times, names and extended attributes",
    },
    "hooks": {
        "named": "a specification names no hook that can't be executed",
        "unmanaged": "what is in a hook's place stays",
    },
    "locked": {
        "user": "no ordinary user can keep a run waiting",
        "old": "a run waits for one of an older version that is under way, and the other way round",
        "signal": "a run that waits for another one ends at a signal",
        "end": "a run that waits for a minute ends, in one line that names whom it waited for",
        "after": "the next run after such a wait makes the node as a fresh one",
    },
    "power_loss": {
        "end": "what a run has done when it ends is on the disk",
        "whole": "after a power loss in the middle of a run, no file is cut short",
        "repair": "the next run after a power loss completes it",
    },
}

# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Selects the node image of a kind cluster. Pure: the callers query kind and the container engine.

If an image is given, it is used. Otherwise it is the default image of the installed kind. If that is not available, it is the newest
kindest/node image of the engine that is new enough for pods with GPUs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# The oldest Kubernetes whose pods can get GPUs from the device plugin.
OLDEST_KUBERNETES = (1, 31, 0)

# kind release -> its default node image, in ascending order. Source: the module sigs.k8s.io/kind at each of these versions,
# pkg/apis/config/defaults/image.go. The default images of 0.20 to 0.23 have Kubernetes 1.27 to 1.30 and are not new enough.
DEFAULTS = (
    ((0, 24, 0), "v1.31.0", "sha256:53df588e04085fd41ae12de0c3fe4c72f7013bba32a20e7325357a1ac94ba865"),
    ((0, 25, 0), "v1.31.2", "sha256:18fbefc20a7113353c7b75b5c869d7145a6abd6269154825872dc59c1329912e"),
    ((0, 26, 0), "v1.32.0", "sha256:c48c62eac5da28cdadcf560d1d8616cfa6783b58f0d94cf63ad1bf49600cb027"),
    ((0, 27, 0), "v1.32.2", "sha256:f226345927d7e348497136874b6d207e0b32cc52154ad8323129352923a3142f"),
    ((0, 28, 0), "v1.33.1", "sha256:8d866994839cd096b3590681c55a6fa4a071fdaf33be7b9660e5697d2ed13002"),
    ((0, 29, 0), "v1.33.1", "sha256:050072256b9a903bd914c0b2866828150cb229cea0efe5892e2b644d5dd3b34f"),
    ((0, 30, 0), "v1.34.0", "sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a"),
    ((0, 31, 0), "v1.35.0", "sha256:452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f"),
    ((0, 32, 0), "v1.36.1", "sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5"),
    ((0, 33, 0), "v1.37.0", "sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"),
)
REPOSITORY = "kindest/node"

_RELEASE = re.compile(r"v?([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})([-+_].*)?")
# What engines print if an image has no tag or no digest.
_NONE = "<none>"


def release(text: str) -> tuple[int, int, int] | None:
    """``v1.37.2``, ``0.33.0`` or ``1.34.0-alpha.1`` -> (1, 37, 2) and so on; None if *text* is not a release."""
    found = _RELEASE.fullmatch(text.strip())
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def written(version: tuple[int, int, int]) -> str:
    """(1, 37, 2) -> ``1.37.2``."""
    return ".".join(str(number) for number in version)


def split(name: str) -> tuple[str, str, str]:
    """``registry:5000/a/b:tag@sha256:...`` -> (repository, tag, digest); a missing part, or ``<none>``, is empty."""
    rest, _at, digest = name.strip().partition("@")
    tag = ""
    if ":" in rest.rpartition("/")[2]:
        rest, _colon, tag = rest.rpartition(":")
    return rest, "" if tag == _NONE else tag, "" if digest == _NONE else digest


def kubernetes(name: str) -> tuple[int, int, int] | None:
    """Return the Kubernetes of a node image, from its tag or from a digest in `DEFAULTS`; None if it is unknown."""
    _repository, tag, digest = split(name)
    found = release(tag)
    if found is None:
        found = next((release(known) for _kind, known, theirs in DEFAULTS if theirs == digest), None)
    return found


def default(kind: str) -> tuple[str, str]:
    """Return (image, reason) for a release of kind, as ``kind version`` prints it. If it is empty or unknown, the newest."""
    installed = release(kind)
    if installed is None:
        known, tag, digest = DEFAULTS[-1]
        why = "the default of kind %s, the newest known release" % written(known)
    else:
        fits = [one for one in DEFAULTS if one[0] <= installed]
        known, tag, digest = fits[-1] if fits else DEFAULTS[0]
        why = "the default of kind %s" % written(known)
        if not fits:
            # Not the newest: kind before 0.27 can't load images into nodes with containerd 2.
            why += ", because that of kind %s is too old" % written(installed)
        elif known[:2] != installed[:2]:
            why += ", the newest known release"
    return f"{REPOSITORY}:{tag}@{digest}", why


def candidates(here: Iterable[str]) -> list[str]:
    """Return the kindest/node images of the engine that are new enough and have a name, the newest first.

    ``here`` is a list of names like ``repository:tag@digest``. An image without a tag is included if its digest is in `DEFAULTS`.
    """
    found = {}
    for name in here:
        repository, tag, digest = split(name)
        version = kubernetes(name)
        if version is None or version < OLDEST_KUBERNETES:
            continue
        if repository != REPOSITORY and not repository.endswith("/" + REPOSITORY):
            continue
        usable = f"{repository}:{tag}" if tag else f"{repository}:v{written(version)}@{digest}"
        plain = release(tag) is None or tag.lstrip("v") == written(version)
        found[usable] = (tuple(-number for number in version), not plain, repository != REPOSITORY, usable)
    return sorted(found, key=found.__getitem__)


def choose(kind: str = "", named: str = "", obtainable: bool = False, here: Iterable[str] = ()) -> dict[str, object]:
    """Select the node image.

    ``kind`` is the release of the installed kind, ``named`` the image that the user sets. ``obtainable`` is whether that image, or
    the default image if no image is set, is available locally or can be pulled. ``here`` lists the images of the engine (see
    `candidates`).

    Returns ``image``; ``why``, the reason in a few words; ``kubernetes``, such as ``1.37.0``, or empty if it is unknown; ``wanted``,
    the image that ``obtainable`` refers to; ``lacks``, empty, or what is missing if no image is available. ``image`` is then the
    same as ``wanted``.
    """
    wanted, why = (named, "as configured") if named else default(kind)
    image, lacks = wanted, ""
    if named and not obtainable:
        lacks = f"{named} is not available locally and can't be pulled"
    elif not obtainable:
        repository, tag, _digest = split(wanted)
        reason = f"{repository}:{tag}, {why}, is not available locally and can't be pulled"
        fit = candidates(here)
        if fit:
            image, why = fit[0], f"the newest local image, because {reason}"
        else:
            lacks = "%s, and there is no local %s with Kubernetes %d.%d or later" % (
                reason,
                REPOSITORY,
                *OLDEST_KUBERNETES[:2],
            )
    version = kubernetes(image)
    return {
        "image": image,
        "why": why,
        "kubernetes": written(version) if version else "",
        "wanted": wanted,
        "lacks": lacks,
    }


def short_id(image_id: str) -> str:
    """``sha256:0123456789abcdef...`` -> the first twelve digits."""
    return image_id.rpartition(":")[2][:12]


def derived(image: str, image_id: str, repository: str) -> str:
    """Return the name of *image* with an added Python. Its tag contains the tag of *image* and the beginning of its ID."""
    _repository, tag, _digest = split(image)
    return f"{repository}:{tag or 'untagged'}-python-{short_id(image_id)}"

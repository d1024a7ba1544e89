# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Labels on a node object: managed ones are kept up to date, unmanaged ones are not changed."""

from __future__ import annotations

import pytest

from device_plugin.node_api import OWNED, ApiError, LabelKeeper
from plugin_support import eventually


class FakeNode:
    def __init__(self, labels):
        self.metadata = {"labels": dict(labels), "annotations": {"other": "x"}}
        self.patches = 0

    def get(self):
        return {"metadata": self.metadata}

    def patch(self, metadata):
        self.patches += 1
        for part, values in metadata.items():
            for key, value in values.items():
                if value is None:
                    self.metadata[part].pop(key, None)
                else:
                    self.metadata[part][key] = value


@pytest.fixture
def api():
    return FakeNode({"kubernetes.io/os": "linux", "nvidia.com/gpu.product": "somebody-elses"})


def test_labels_come_change_and_go(api):
    keeper = LabelKeeper(api)
    keeper.keep({"nvidia.com/gpu.count": "8", "nvidia.com/mig.strategy": "mixed"})
    assert api.metadata["labels"]["nvidia.com/gpu.count"] == "8"
    assert api.metadata["annotations"] == {"other": "x", OWNED: "nvidia.com/gpu.count,nvidia.com/mig.strategy"}
    keeper.keep({"nvidia.com/gpu.count": "4"})
    assert (
        "nvidia.com/mig.strategy" not in api.metadata["labels"]
        and api.metadata["labels"]["nvidia.com/gpu.count"] == "4"
    )
    patches = api.patches
    keeper.keep({"nvidia.com/gpu.count": "4"})
    assert api.patches == patches
    del api.metadata["labels"]["nvidia.com/gpu.count"]
    keeper.keep({"nvidia.com/gpu.count": "4"})
    assert api.metadata["labels"]["nvidia.com/gpu.count"] == "4"
    keeper.keep({})
    assert api.metadata["labels"] == {"kubernetes.io/os": "linux", "nvidia.com/gpu.product": "somebody-elses"}
    assert api.metadata["annotations"] == {"other": "x"}


def test_an_unmanaged_label_is_not_changed(api, capfd):
    LabelKeeper(api).keep({"nvidia.com/gpu.product": "ours", "nvidia.com/gpu.count": "1"})
    assert api.metadata["labels"]["nvidia.com/gpu.product"] == "somebody-elses"
    assert "nvidia.com/gpu.product exist and are not managed by this plugin: not changed" in capfd.readouterr().err
    LabelKeeper(api).keep({})
    assert api.metadata["labels"]["nvidia.com/gpu.product"] == "somebody-elses"


def test_the_keeper_knows_when_the_node_has_its_labels(api, monkeypatch):
    monkeypatch.setattr("device_plugin.node_api._PAUSE", 0.01)
    refusals = ["not yet"]
    patch = api.patch

    def refuse_once(metadata):
        if refusals:
            raise ApiError(refusals.pop())
        patch(metadata)

    api.patch = refuse_once
    keeper = LabelKeeper(api)
    keeper.start()
    assert not keeper.want({"nvidia.com/gpu.count": "8"})
    eventually(lambda: keeper.want({"nvidia.com/gpu.count": "8"}))
    assert api.metadata["labels"]["nvidia.com/gpu.count"] == "8"
    assert not keeper.want({"nvidia.com/gpu.count": "4"})

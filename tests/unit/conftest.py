# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of all unit tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# On a busy machine everything is slow, also making the input of a test. That is no fault of the test.
settings.register_profile("nvmock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nvmock")

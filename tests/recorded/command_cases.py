# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
def transform_cases(directory, version, release):
    return []


def list_cases(directory, version, scratch):
    return []

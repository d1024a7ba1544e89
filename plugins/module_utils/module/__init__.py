# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the Ansible modules do. Nothing is imported here: Ansible sends each module with all that it imports to the node."""

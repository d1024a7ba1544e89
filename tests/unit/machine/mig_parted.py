# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The layouts that NVIDIA's MIG manager ships for the boards of the machine types, and boards for its other ones.

Source: NVIDIA/mig-parted 14007872, deployments/systemd/config-default.yaml (facts only): by PCI device ID, the number of each profile.
Further boards: profiles of the A30 by go-nvml 2f9e261f, of the RTX PRO 6000 Blackwell by NVIDIA's MIG user guide.
"""

from __future__ import annotations

LAYOUTS = {
    "dgxa100": [
        *(
            {"1g.5gb": 7},
            {"1g.5gb+me": 1},
            {"2g.10gb": 3},
            {"3g.20gb": 2},
            {"4g.20gb": 1},
            {"7g.40gb": 1},
            {"1g.10gb": 4},
        ),
        {"1g.5gb": 2, "2g.10gb": 1, "3g.20gb": 1},
    ],
    "dgxh100": [
        *(
            {"1g.10gb": 7},
            {"1g.10gb+me": 1},
            {"1g.20gb": 4},
            {"2g.20gb": 3},
            {"3g.40gb": 2},
            {"4g.40gb": 1},
            {"7g.80gb": 1},
        ),
        {"1g.10gb": 2, "2g.20gb": 1, "3g.40gb": 1},
    ],
    "dgxh200": [
        *(
            {"1g.18gb": 7},
            {"1g.18gb+me": 1},
            {"1g.35gb": 4},
            {"2g.35gb": 3},
            {"3g.71gb": 2},
            {"4g.71gb": 1},
            {"7g.141gb": 1},
        ),
        {"1g.18gb": 2, "2g.35gb": 1, "3g.71gb": 1},
    ],
    "dgxb200": [
        *(
            {"1g.23gb": 7},
            {"1g.23gb+me": 1},
            {"1g.45gb": 4},
            {"2g.45gb": 3},
            {"3g.90gb": 2},
            {"4g.90gb": 1},
            {"7g.180gb": 1},
        ),
        {"1g.23gb": 2, "2g.45gb": 1, "3g.90gb": 1},
    ],
    "a30": [
        *({"1g.6gb": 4}, {"1g.6gb+me": 1}, {"2g.12gb": 2}, {"2g.12gb+me": 1}, {"4g.24gb": 1}),
        {"1g.6gb": 2, "2g.12gb": 1},
    ],
    "rtx-pro-6000": [
        *(
            {"1g.24gb+gfx": 4},
            {"1g.24gb+me.all": 1},
            {"1g.24gb-me": 4},
            {"2g.48gb": 2},
            {"2g.48gb+gfx": 2},
            {"2g.48gb+me.all": 1},
        ),
        *({"2g.48gb-me": 2}, {"4g.96gb": 1}, {"4g.96gb+gfx": 1}, {"1g.24gb": 4}),
        {"1g.24gb": 2, "2g.48gb": 1},
    ],
}

_SMALL, _HALF, _WHOLE = (1, [0, 1, 2, 3]), (2, [0, 2]), (4, [0])
# Boards that no machine type has; only what a placement needs is right.
BOARDS = {
    "a30": {
        "base": "dgxa100",
        "mig_profiles": [
            ["1g.6gb", *_SMALL, 5836, 4, 14],
            ["1g.6gb+me", *_SMALL, 5836, 1, 14],
            ["2g.12gb", *_HALF, 11672, 2, 28],
            ["2g.12gb+me", *_HALF, 11672, 1, 28],
            ["4g.24gb", *_WHOLE, 23344, 1, 56],
        ],
    },
    "rtx-pro-6000": {
        "base": "dgxa100",
        "mig_profiles": [
            *(
                [f"1g.24gb{end}", *_SMALL, 24192, count, 46]
                for end, count in (("", 4), ("+me", 1), ("+gfx", 4), ("+me.all", 1), ("-me", 4))
            ),
            *(
                [f"2g.48gb{end}", *_HALF, 48512, count, 94]
                for end, count in (("", 2), ("+gfx", 2), ("+me.all", 1), ("-me", 2))
            ),
            *([f"4g.96gb{end}", *_WHOLE, 97152, 1, 188] for end in ("", "+gfx")),
        ],
    },
}

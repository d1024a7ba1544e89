# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The files of a driver installation, as a table by driver branch.

Sources: the libraries, links and files that nvidia-container-toolkit 1.17 to 1.20 looks for, with the branches in which
NVIDIA's installer has them (550, 570 and 580 packages, as in the toolkit's recorded test trees). The first six rows are
those of the GPU Mock on kind; libnvidia-fatbinaryloader left the real driver with branch 450, but its users expect it.
"""

from __future__ import annotations

ALWAYS = 0
FOREVER = 9999

# (file, links, first branch, last branch). {V} is the driver version. The first link, which is also the SONAME, points to
# the file, each further one to the link before it. Without links the file name itself is the SONAME.
LIBRARIES: tuple[tuple[str, tuple[str, ...], int, int], ...] = (
    ("libcuda.so.{V}", ("libcuda.so.1", "libcuda.so"), ALWAYS, FOREVER),
    ("libnvidia-ml.so.{V}", ("libnvidia-ml.so.1", "libnvidia-ml.so"), ALWAYS, FOREVER),
    ("libnvidia-encode.so.{V}", ("libnvidia-encode.so.1", "libnvidia-encode.so"), ALWAYS, FOREVER),
    ("libnvcuvid.so.{V}", ("libnvcuvid.so.1", "libnvcuvid.so"), ALWAYS, FOREVER),
    (
        "libnvidia-ptxjitcompiler.so.{V}",
        ("libnvidia-ptxjitcompiler.so.1", "libnvidia-ptxjitcompiler.so"),
        ALWAYS,
        FOREVER,
    ),
    (
        "libnvidia-fatbinaryloader.so.{V}",
        ("libnvidia-fatbinaryloader.so.1", "libnvidia-fatbinaryloader.so"),
        ALWAYS,
        FOREVER,
    ),
    ("libcudadebugger.so.{V}", ("libcudadebugger.so.1",), ALWAYS, FOREVER),
    ("libEGL_nvidia.so.{V}", ("libEGL_nvidia.so.0",), ALWAYS, FOREVER),
    ("libGLESv1_CM_nvidia.so.{V}", ("libGLESv1_CM_nvidia.so.1",), ALWAYS, FOREVER),
    ("libGLESv2_nvidia.so.{V}", ("libGLESv2_nvidia.so.2",), ALWAYS, FOREVER),
    ("libGLX_nvidia.so.{V}", ("libGLX_nvidia.so.0",), ALWAYS, FOREVER),
    ("libnvidia-allocator.so.{V}", ("libnvidia-allocator.so.1", "libnvidia-allocator.so"), ALWAYS, FOREVER),
    ("libnvidia-cfg.so.{V}", ("libnvidia-cfg.so.1", "libnvidia-cfg.so"), ALWAYS, FOREVER),
    ("libnvidia-egl-gbm.so.1.1.1", ("libnvidia-egl-gbm.so.1",), ALWAYS, 569),
    ("libnvidia-egl-gbm.so.1.1.2", ("libnvidia-egl-gbm.so.1",), 570, FOREVER),
    ("libnvidia-egl-wayland.so.1.1.13", ("libnvidia-egl-wayland.so.1",), ALWAYS, 569),
    ("libnvidia-egl-wayland.so.1.1.19", ("libnvidia-egl-wayland.so.1",), 570, FOREVER),
    ("libnvidia-egl-wayland2.so.1.0.0", ("libnvidia-egl-wayland2.so.1",), 580, FOREVER),
    ("libnvidia-egl-xcb.so.1.0.1", ("libnvidia-egl-xcb.so.1",), 570, FOREVER),
    ("libnvidia-egl-xlib.so.1.0.1", ("libnvidia-egl-xlib.so.1",), 570, FOREVER),
    ("libnvidia-eglcore.so.{V}", (), ALWAYS, FOREVER),
    ("libnvidia-fbc.so.{V}", ("libnvidia-fbc.so.1", "libnvidia-fbc.so"), ALWAYS, FOREVER),
    ("libnvidia-glcore.so.{V}", (), ALWAYS, FOREVER),
    ("libnvidia-glsi.so.{V}", (), ALWAYS, FOREVER),
    ("libnvidia-glvkspirv.so.{V}", (), ALWAYS, FOREVER),
    ("libnvidia-gpucomp.so.{V}", (), ALWAYS, FOREVER),
    ("libnvidia-gtk2.so.{V}", (), ALWAYS, 569),
    ("libnvidia-gtk3.so.{V}", (), ALWAYS, 579),
    ("libnvidia-ngx.so.{V}", ("libnvidia-ngx.so.1",), ALWAYS, FOREVER),
    ("libnvidia-nvvm.so.{V}", ("libnvidia-nvvm.so.4", "libnvidia-nvvm.so"), ALWAYS, FOREVER),
    ("libnvidia-nvvm70.so.4", (), 580, FOREVER),
    ("libnvidia-opencl.so.{V}", ("libnvidia-opencl.so.1",), ALWAYS, FOREVER),
    ("libnvidia-opticalflow.so.{V}", ("libnvidia-opticalflow.so.1", "libnvidia-opticalflow.so"), ALWAYS, FOREVER),
    ("libnvidia-pkcs11-openssl3.so.{V}", (), ALWAYS, FOREVER),
    ("libnvidia-pkcs11.so.{V}", (), ALWAYS, FOREVER),
    ("libnvidia-present.so.{V}", (), 570, FOREVER),
    ("libnvidia-rtcore.so.{V}", (), ALWAYS, FOREVER),
    ("libnvidia-sandboxutils.so.{V}", ("libnvidia-sandboxutils.so.1",), 570, FOREVER),
    ("libnvidia-tileiras.so.{V}", (), 580, FOREVER),
    ("libnvidia-tls.so.{V}", (), ALWAYS, FOREVER),
    ("libnvidia-vksc-core.so.{V}", ("libnvidia-vksc-core.so.1",), 570, FOREVER),
    ("libnvidia-wayland-client.so.{V}", (), ALWAYS, 579),
    ("libnvoptix.so.{V}", ("libnvoptix.so.1",), ALWAYS, FOREVER),
    ("vdpau/libvdpau_nvidia.so.{V}", ("vdpau/libvdpau_nvidia.so.1",), ALWAYS, FOREVER),
    ("nvidia/xorg/libglxserver_nvidia.so.{V}", ("nvidia/xorg/libglxserver_nvidia.so",), ALWAYS, FOREVER),
    ("nvidia/xorg/nvidia_drv.so", (), ALWAYS, FOREVER),
)

# (link, target), both relative to the library directory, beyond the chains above.
EXTRA_LINKS: tuple[tuple[str, str], ...] = (
    ("libGLX_indirect.so.0", "libGLX_nvidia.so.{V}"),
    ("gbm/nvidia-drm_gbm.so", "../libnvidia-allocator.so.1"),
)

# Programs of the installation; nvidia-smi has a body of its own, the rest is one stub under many names.
PROGRAMS: tuple[tuple[str, str, int], ...] = (
    # (name, what it is, mode)
    ("nvidia-bug-report.sh", "collects a bug report", 0o755),
    ("nvidia-cuda-mps-control", "controls the CUDA Multi-Process Service", 0o755),
    ("nvidia-cuda-mps-server", "serves the CUDA Multi-Process Service", 0o755),
    ("nvidia-debugdump", "dumps the state of GPUs for debugging", 0o755),
    ("nvidia-imex", "serves memory import and export between nodes", 0o755),
    ("nvidia-imex-ctl", "controls nvidia-imex", 0o755),
    ("nvidia-modprobe", "loads the kernel modules and makes device nodes", 0o755),
    ("nvidia-persistenced", "keeps the driver's state while no program uses it", 0o755),
    ("nvidia-powerd", "balances power between CPU and GPU", 0o755),
    ("nvidia-settings", "configures the driver", 0o755),
    ("nvidia-xconfig", "writes the X server's configuration", 0o755),
)

# (path below the driver root, content, first branch, last branch)
FILES: tuple[tuple[str, str, int, int], ...] = (
    ("etc/OpenCL/vendors/nvidia.icd", "libnvidia-opencl.so.1\n", ALWAYS, FOREVER),
    ("lib/firmware/nvidia/{V}/gsp_ga10x.bin", "", ALWAYS, FOREVER),
    ("lib/firmware/nvidia/{V}/gsp_tu10x.bin", "", ALWAYS, FOREVER),
    ("usr/share/X11/xorg.conf.d/10-nvidia.conf", "", ALWAYS, FOREVER),
    (
        "usr/share/X11/xorg.conf.d/nvidia-drm-outputclass.conf",
        'Section "OutputClass"\n    Identifier "nvidia"\n    MatchDriver "nvidia-drm"\n    Driver "nvidia"\nEndSection\n',
        ALWAYS,
        FOREVER,
    ),
    ("usr/share/egl/egl_external_platform.d/09_nvidia_wayland2.json", "libnvidia-egl-wayland2.so.1", 580, FOREVER),
    ("usr/share/egl/egl_external_platform.d/10_nvidia_wayland.json", "libnvidia-egl-wayland.so.1", ALWAYS, FOREVER),
    ("usr/share/egl/egl_external_platform.d/15_nvidia_gbm.json", "libnvidia-egl-gbm.so.1", ALWAYS, FOREVER),
    ("usr/share/egl/egl_external_platform.d/20_nvidia_xcb.json", "libnvidia-egl-xcb.so.1", 570, FOREVER),
    ("usr/share/egl/egl_external_platform.d/20_nvidia_xlib.json", "libnvidia-egl-xlib.so.1", 570, FOREVER),
    ("usr/share/glvnd/egl_vendor.d/10_nvidia.json", "libEGL_nvidia.so.0", ALWAYS, FOREVER),
    ("usr/share/nvidia/nvidia-application-profiles-{V}-key-documentation", "", ALWAYS, FOREVER),
    ("usr/share/nvidia/nvidia-application-profiles-{V}-rc", "", ALWAYS, FOREVER),
    ("usr/share/nvidia/nvoptix.bin", "", ALWAYS, FOREVER),
    ("usr/share/vulkan/icd.d/nvidia_icd.json", "libGLX_nvidia.so.0", ALWAYS, FOREVER),
    ("usr/share/vulkan/implicit_layer.d/nvidia_layers.json", "libGLX_nvidia.so.0", ALWAYS, FOREVER),
)

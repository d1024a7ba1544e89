# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The elements of one GPU in ``nvidia-smi -q -x`` and ``nvidia-smi -q``, in document order.

Sources: published outputs of nvidia-smi 515.105.01, 535.54.03, 570.148.08, 580.105.08, 580.173.02, 590.48.01, 595.80, 595.91.07 and
610.57.04 (tests/unit/machine/captures). A branch between two of them has the elements of the older one; branches before 515 have
those of 515. The names of XML elements that only a capture of ``-q`` has are derived from their labels.
"""

from __future__ import annotations

_found: list[tuple[str, str, float, float, str, str]] = []


def elements() -> list[tuple[str, str, float, float, str, str]]:
    """Return all elements of all versions: path, label, since, until, text, condition.

    The path is that in ``-q -x``, such as ``mig_mode/current_mig``. The label is that in ``-q``, ``""`` for an element that is not
    shown there. Since and until are the first version and the first one without it, as branch + minor/1000, 0 for any. The text is
    that without a report of the board: ``""`` for an element with children, ``=name`` for a rule of computed.py. The condition is one
    of outline.py, or ``""``.
    """
    if not _found:
        path: list[str] = []
        for line in _TABLE.strip("\n").split("\n"):
            name, label, versions, text, condition = [cell.rstrip() for cell in line.split("|")]
            depth = (len(name) - len(name.lstrip())) // 2
            path[depth:] = [name.lstrip()]
            since, _dash, until = versions.strip().partition("-")
            label = label.strip().replace("~", " ").replace(">", "    ")
            _found.append(
                ("/".join(path), label, float(since or 0), float(until or 0), text.strip(), condition.strip())
            )
    return _found


# Name | label | versions: from-before | text | condition. A label that is one level deeper than its element begins with >. A blank at
# the end of a label is a ~.
_TABLE = """
product_name                                        | Product Name                        |            | =           |
product_brand                                       | Product Brand                       |            | =           |
product_architecture                                | Product Architecture                |            | =           |
display_mode                                        | Display Mode                        |            | =           |
display_attached                                    | Display Attached                    | 580        | No          |
display_active                                      | Display Active                      |            | Disabled    |
persistence_mode                                    | Persistence Mode                    |            | Enabled     |
addressing_mode                                     | Addressing Mode                     | 535        | =           |
mig_mode                                            | MIG Mode                            |            |             |
  current_mig                                       | Current                             |            | =           |
  pending_mig                                       | Pending                             |            | =           |
mig_devices                                         | MIG Device                          |            | =mig        |
accounting_mode                                     | Accounting Mode                     |            | Disabled    |
accounting_mode_buffer_size                         | Accounting Mode Buffer Size         |            | 4000        |
driver_model                                        | Driver Model                        |            |             |
  current_dm                                        | Current                             |            | N/A         |
  pending_dm                                        | Pending                             |            | N/A         |
serial                                              | Serial Number                       |            | =           |
uuid                                                | GPU UUID                            |            | =           |
pdi                                                 | GPU PDI                             | 580        | =           |
minor_number                                        | Minor Number                        |            | =           |
vbios_version                                       | VBIOS Version                       |            | =           |
multigpu_board                                      | MultiGPU Board                      |            | No          |
board_id                                            | Board ID                            |            | =           |
board_part_number                                   | Board Part Number                   | 535        | =           |
gpu_part_number                                     | GPU Part Number                     |            | N/A         |
gpu_fru_part_number                                 | FRU Part Number                     | 535        | N/A         |
gpu_module_id                                       | Module ID                           | -570       | N/A         |
platformInfo                                        | Platform Info                       | 570        |             |
  chassis_serial_number                             | Chassis Serial Number               | 570        | N/A         |
  slot_number                                       | Slot Number                         | 570        | N/A         |
  tray_index                                        | Tray Index                          | 570        | N/A         |
  host_id                                           | Host ID                             | 570        | N/A         |
  peer_type                                         | Peer Type                           | 570        | N/A         |
  module_id                                         | Module Id                           | 570        | N/A         |
  gpu_fabric_guid                                   | GPU Fabric GUID                     | 570        | N/A         |
inforom_version                                     | Inforom Version                     |            |             |
  img_version                                       | Image Version                       |            | N/A         |
  oem_object                                        | OEM Object                          |            | N/A         |
  ecc_object                                        | ECC Object                          |            | N/A         |
  pwr_object                                        | Power Management Object             |            | N/A         |
inforom_bbx_flush                                   | Inforom BBX Object Flush            | 570        |             |
  latest_timestamp                                  | Latest Timestamp                    | 570        | N/A         |
  latest_duration                                   | Latest Duration                     | 570        | N/A         |
inforom_time_data                                   | Inforom Time Data                   | 610        |             |
  time_run                                          | Time Run                            | 610        | N/A         |
gpu_operation_mode                                  | GPU Operation Mode                  |            |             |
  current_gom                                       | Current                             |            | N/A         |
  pending_gom                                       | Pending                             |            | N/A         |
c2c_mode                                            | GPU C2C Mode                        | 570        | N/A         |
gsp_firmware_version                                | GSP Firmware Version                | -570       | =           |
gpu_virtualization_mode                             | GPU Virtualization Mode             |            |             |
  virtualization_mode                               | Virtualization Mode                 |            | None        |
  host_vgpu_mode                                    | Host VGPU Mode                      |            | N/A         |
  vgpu_heterogeneous_mode                           | vGPU Heterogeneous Mode             | 570        | N/A         |
gpu_reset_status                                    | GPU Reset Status                    | 535-580    |             |
  reset_required                                    | Reset Required                      | 535-580    | =reset      |
  drain_and_reset_recommended                       | Drain and Reset Recommended         | 535-580    | =reset      |
gpu_recovery_action                                 | GPU Recovery Action                 | 570        | None        |
gsp_firmware_version                                | GSP Firmware Version                | 570        | =           |
ibmnpu                                              | IBMNPU                              |            |             |
  relaxed_ordering_mode                             | Relaxed Ordering Mode               |            | N/A         |
pci                                                 | PCI                                 |            |             |
  pci_bus                                           | Bus                                 |            | =           |
  pci_device                                        | Device                              |            | =           |
  pci_domain                                        | Domain                              |            | =           |
  pci_base_class                                    | Base Classcode                      | 570        | 3           |
  pci_sub_class                                     | Sub Classcode                       | 570        | 2           |
  pci_device_id                                     | Device Id                           |            | =           |
  pci_bus_id                                        | Bus Id                              |            | =           |
  pci_sub_system_id                                 | Sub System Id                       |            | =           |
  pci_gpu_link_info                                 | GPU Link Info                       |            |             |
    pcie_gen                                        | PCIe Generation                     |            |             |
      max_link_gen                                  | Max                                 |            | =           |
      current_link_gen                              | Current                             |            | =           |
      device_current_link_gen                       | Device Current                      | 535        | =           |
      max_device_link_gen                           | Device Max                          | 535        | =           |
      max_host_link_gen                             | Host Max                            | 535        | N/A         |
    link_widths                                     | Link Width                          |            |             |
      max_link_width                                | Max                                 |            | =           |
      current_link_width                            | Current                             |            | =           |
  pci_bridge_chip                                   | Bridge Chip                         |            |             |
    bridge_chip_type                                | Type                                |            | N/A         |
    bridge_chip_fw                                  | Firmware                            |            | N/A         |
  replay_counter                                    | Replays Since Reset                 |            | 0           |
  replay_rollover_counter                           | Replay Number Rollovers             |            | 0           |
  tx_util                                           | Tx Throughput                       |            | 0 KB/s      |
  rx_util                                           | Rx Throughput                       |            | 0 KB/s      |
  atomic_caps_inbound                               | Atomic Caps Inbound                 | 535-570    | N/A         |
  atomic_caps_outbound                              | Atomic Caps Outbound                | 535        | N/A         |
  atomic_caps_inbound                               | Atomic Caps Inbound                 | 570        | N/A         |
fan_speed                                           | Fan Speed                           |            | N/A         |
performance_state                                   | Performance State                   |            | =           |
clocks_throttle_reasons                             | Clocks Throttle Reasons             | -535       |             |
  clocks_throttle_reason_gpu_idle                   | Idle                                | -535       | Active      |
  clocks_throttle_reason_applications_clocks_setting| Applications Clocks Setting         | -535       | Not Active  |
  clocks_throttle_reason_sw_power_cap               | SW Power Cap                        | -535       | Not Active  |
  clocks_throttle_reason_hw_slowdown                | HW Slowdown                         | -535       | Not Active  |
  clocks_throttle_reason_hw_thermal_slowdown        | >HW Thermal Slowdown                | -535       | Not Active  |
  clocks_throttle_reason_hw_power_brake_slowdown    | >HW Power Brake Slowdown            | -535       | Not Active  |
  clocks_throttle_reason_sync_boost                 | Sync Boost                          | -535       | Not Active  |
  clocks_throttle_reason_sw_thermal_slowdown        | SW Thermal Slowdown                 | -535       | Not Active  |
  clocks_throttle_reason_display_clocks_setting     | Display Clock Setting               | -535       | Not Active  |
clocks_event_reasons                                | Clocks Event Reasons                | 535        |             |
  clocks_event_reason_gpu_idle                      | Idle                                | 535        | Active      |
  clocks_event_reason_applications_clocks_setting   | Applications Clocks Setting         | 535        | Not Active  |
  clocks_event_reason_sw_power_cap                  | SW Power Cap                        | 535        | Not Active  |
  clocks_event_reason_hw_slowdown                   | HW Slowdown                         | 535        | Not Active  |
  clocks_event_reason_hw_thermal_slowdown           | >HW Thermal Slowdown                | 535        | Not Active  |
  clocks_event_reason_hw_power_brake_slowdown       | >HW Power Brake Slowdown            | 535        | Not Active  |
  clocks_event_reason_sync_boost                    | Sync Boost                          | 535        | Not Active  |
  clocks_event_reason_sw_thermal_slowdown           | SW Thermal Slowdown                 | 535        | Not Active  |
  clocks_event_reason_display_clocks_setting        | Display Clock Setting               | 535        | Not Active  |
clocks_event_reasons_counters                       | Clocks Event Reasons Counters       | 580        |             |
  clocks_event_reasons_counters_sw_power_cap        | SW Power Capping                    | 580        | 0 us        |
  clocks_event_reasons_counters_sync_boost          | Sync Boost                          | 580        | 0 us        |
  clocks_event_reasons_counters_sw_therm_slowdown   | SW Thermal Slowdown                 | 580        | 0 us        |
  clocks_event_reasons_counters_hw_therm_slowdown   | HW Thermal Slowdown                 | 580        | 0 us        |
  clocks_event_reasons_counters_hw_power_brake      | HW Power Braking                    | 580        | 0 us        |
sparse_operation_mode                               | Sparse Operation Mode               | 570        | N/A         |
fb_memory_usage                                     | FB Memory Usage                     |            |             |
  total                                             | Total                               |            | =           |
  reserved                                          | Reserved                            |            | =           |
  used                                              | Used                                |            | =           |
  free                                              | Free                                |            | =           |
bar1_memory_usage                                   | BAR1 Memory Usage                   |            |             |
  total                                             | Total                               |            | =           |
  used                                              | Used                                |            | =           |
  free                                              | Free                                |            | =           |
cc_protected_memory_usage                           | Conf Compute Protected Memory Usage | 535        |             |
  total                                             | Total                               | 535        | 0 MiB       |
  used                                              | Used                                | 535        | 0 MiB       |
  free                                              | Free                                | 535        | 0 MiB       |
compute_mode                                        | Compute Mode                        |            | Default     |
utilization                                         | Utilization                         |            |             |
  gpu_util                                          | GPU                                 |            | =load       |
  memory_util                                       | Memory                              |            | =load       |
  encoder_util                                      | Encoder                             |            | =load       |
  decoder_util                                      | Decoder                             |            | =load       |
  jpeg_util                                         | JPEG                                | 535        | =load       |
  ofa_util                                          | OFA                                 | 535        | =load       |
encoder_stats                                       | Encoder Stats                       |            |             |
  session_count                                     | Active Sessions                     |            | 0           |
  average_fps                                       | Average FPS                         |            | 0           |
  average_latency                                   | Average Latency                     |            | 0           |
fbc_stats                                           | FBC Stats                           |            |             |
  session_count                                     | Active Sessions                     |            | 0           |
  average_fps                                       | Average FPS                         |            | 0           |
  average_latency                                   | Average Latency                     |            | 0           |
dram_encryption_mode                                | DRAM Encryption Mode                | 570        |             |
  current_dram_encryption                           | Current                             | 570        | N/A         |
  pending_dram_encryption                           | Pending                             | 570        | N/A         |
ecc_mode                                            | ECC Mode                            |            |             |
  current_ecc                                       | Current                             |            | =           |
  pending_ecc                                       | Pending                             |            | =           |
ecc_errors                                          | ECC Errors                          |            |             |
  volatile                                          | Volatile                            |            |             |
    sram_correctable                                | SRAM Correctable                    |            | =ecc        |
    sram_uncorrectable_parity                       | SRAM Uncorrectable Parity           | 570        | =ecc        | sram
    sram_uncorrectable_secded                       | SRAM Uncorrectable SEC-DED          | 570        | =ecc        | sram
    sram_uncorrectable                              | SRAM Uncorrectable                  | -570       | =ecc        |
    sram_uncorrectable                              | SRAM Uncorrectable                  | 570        | =ecc        | no sram
    dram_correctable                                | DRAM Correctable                    |            | =ecc        |
    dram_uncorrectable                              | DRAM Uncorrectable                  |            | =ecc        |
  aggregate                                         | Aggregate                           |            |             |
    sram_correctable                                | SRAM Correctable                    |            | =ecc        |
    sram_uncorrectable_parity                       | SRAM Uncorrectable Parity           | 570        | =ecc        | sram
    sram_uncorrectable_secded                       | SRAM Uncorrectable SEC-DED          | 570        | =ecc        | sram
    sram_uncorrectable                              | SRAM Uncorrectable                  | -570       | =ecc        |
    sram_uncorrectable                              | SRAM Uncorrectable                  | 570        | =ecc        | no sram
    dram_correctable                                | DRAM Correctable                    |            | =ecc        |
    dram_uncorrectable                              | DRAM Uncorrectable                  |            | =ecc        |
    sram_threshold_exceeded                         | SRAM Threshold Exceeded             | 570        | =no         | sram
  aggregate_uncorrectable_sram_sources              | Aggregate Uncorrectable SRAM Sources| 570        |             | sram
    sram_l2                                         | SRAM L2                             | 570        | =ecc        | sram
    sram_sm                                         | SRAM SM                             | 570        | =ecc        | sram
    sram_microcontroller                            | SRAM Microcontroller                | 570        | =ecc        | sram
    sram_pcie                                       | SRAM PCIE                           | 570        | =ecc        | sram
    sram_other                                      | SRAM Other                          | 570        | =ecc        | sram
  channel_repair_pending                            | Channel Repair Pending              | 580        | =no         | sram
  tpc_repair_pending                                | TPC Repair Pending                  | 580        | =no         | sram
  unrepairable_memory                               | Unrepairable Memory                 | 580.173    | =no         | sram
retired_pages                                       | Retired Pages                       |            |             |
  multiple_single_bit_retirement                    |                                     |            |             |
    retired_count                                   | Single Bit ECC                      |            | N/A         |
    retired_pagelist                                |                                     |            | N/A         |
  double_bit_retirement                             |                                     |            |             |
    retired_count                                   | Double Bit ECC                      |            | N/A         |
    retired_pagelist                                |                                     |            | N/A         |
  pending_blacklist                                 | Pending Page Blacklist              |            | N/A         |
  pending_retirement                                |                                     |            | N/A         |
remapped_rows                                       | Remapped Rows                       |            | N/A         | no rows
remapped_rows                                       | Remapped Rows                       |            |             | rows
  remapped_row_corr                                 | Correctable Error                   |            | 0           | rows
  remapped_row_corr_inactive                        | Inactive Correctable Error          | 580.173-590| 0           | rows
  remapped_row_corr_inactive                        | Inactive Correctable Error          | 595        | 0           | rows
  remapped_row_unc                                  | Uncorrectable Error                 |            | 0           | rows
  remapped_row_unc_inactive                         | Inactive Uncorrectable Error        | 580.173-590| 0           | rows
  remapped_row_unc_inactive                         | Inactive Uncorrectable Error        | 595        | 0           | rows
  remapped_row_pending                              | Pending                             |            | No          | rows
  remapped_row_failure                              | Remapping Failure Occurred          |            | No          | rows
  row_remapper_histogram                            | Bank Remap Availability Histogram   |            |             | rows
    row_remapper_histogram_max                      | Max                                 |            | N/A         | rows
    row_remapper_histogram_high                     | High                                |            | 0 bank(s)   | rows
    row_remapper_histogram_partial                  | Partial                             |            | 0 bank(s)   | rows
    row_remapper_histogram_low                      | Low                                 |            | 0 bank(s)   | rows
    row_remapper_histogram_none                     | None                                |            | 0 bank(s)   | rows
temperature                                         | Temperature                         |            |             |
  gpu_temp                                          | GPU Current Temp                    |            | =           |
  gpu_temp_tlimit                                   | GPU T.Limit Temp                    | 535-610    | N/A         |
  gpu_temp_tlimit                                   | GPU Current T.Limit Temp            | 610        | N/A         |
  gpu_temp_max_tlimit_threshold                     | GPU Shutdown T.Limit Temp           | 535        | N/A         | tlimit
  gpu_temp_slow_tlimit_threshold                    | GPU Slowdown T.Limit Temp           | 535        | N/A         | tlimit
  gpu_temp_max_gpu_tlimit_threshold                 | GPU Max Operating T.Limit Temp      | 535        | N/A         | tlimit
  gpu_temp_max_threshold                            | GPU Shutdown Temp                   |            | N/A         | no tlimit
  gpu_temp_slow_threshold                           | GPU Slowdown Temp                   |            | N/A         | no tlimit
  gpu_temp_max_gpu_threshold                        | GPU Max Operating Temp              |            | N/A         | no tlimit
  gpu_target_temperature                            | GPU Target Temperature              | -610       | N/A         |
  gpu_target_temperature                            | GPU Target Temperature Specification| 610        | N/A         |
  memory_temp                                       | Memory Current Temp                 |            | =           |
  gpu_temp_max_mem_tlimit_threshold                 | Memory Max Operating T.Limit Temp   | 535        | N/A         | tlimit
  gpu_temp_max_mem_threshold                        | Memory Max Operating Temp           |            | N/A         | no tlimit
supported_gpu_target_temp                           |                                     |            |             |
  gpu_target_temp_min                               | GPU Target Temp Min                 |            | N/A         |
  gpu_target_temp_max                               | GPU Target Temp Max                 |            | N/A         |
power_readings                                      | Power Readings                      | -535       |             |
  power_state                                       |                                     | -535       | =state      |
  power_management                                  | Power Management                    | -535       | =supported  |
  power_draw                                        | Power Draw                          | -535       | =           |
  power_limit                                       | Power Limit                         | -535       | =           |
  default_power_limit                               | Default Power Limit                 | -535       | =           |
  enforced_power_limit                              | Enforced Power Limit                | -535       | =           |
  min_power_limit                                   | Min Power Limit                     | -535       | =           |
  max_power_limit                                   | Max Power Limit                     | -535       | =           |
gpu_power_readings                                  | GPU Power Readings                  | 535        |             |
  power_state                                       |                                     | 535        | =state      |
  average_power_draw                                | Average Power Draw                  | 570        | =           |
  instant_power_draw                                | Instantaneous Power Draw            | 570        | =           |
  power_draw                                        | Power Draw                          | 535-570    | =           |
  current_power_limit                               | Current Power Limit                 | 535-610    | =           |
  requested_power_limit                             | Requested Power Limit               | 535-610    | =           |
  default_power_limit                               | Default Power Limit                 | 535-610    | =           |
  gpu_ceiling_power_limit                           | GPU Ceiling Power Limit             | 610        |             |
    current_power_limit                             | Current Power Limit                 | 610        | =           |
    requested_power_limit                           | Requested Power Limit               | 610        | =           |
    default_power_limit                             | Default Power Limit                 | 610        | =           |
  gpu_base_power                                    | GPU Base Power                      | 610        |             |
    current_base_power                              | Current Base Power                  | 610        | N/A         |
    requested_base_power                            | Requested Base Power                | 610        | N/A         |
    default_base_power                              | Default Base Power                  | 610        | N/A         |
  min_power_limit                                   | Min Power Limit                     | 535        | =           |
  max_power_limit                                   | Max Power Limit                     | 535        | =           |
gpu_memory_power_readings                           | GPU Memory Power Readings~          | 570        |             |
  average_power_draw                                | Average Power Draw                  | 570        | N/A         |
  instant_power_draw                                | Instantaneous Power Draw            | 570        | N/A         |
module_power_readings                               | Module Power Readings               | 535        |             |
  power_state                                       |                                     | 535        | =state      |
  average_power_draw                                | Average Power Draw                  | 570        | N/A         |
  instant_power_draw                                | Instantaneous Power Draw            | 570        | N/A         |
  power_draw                                        | Power Draw                          | 535-570    | N/A         |
  current_power_limit                               | Current Power Limit                 | 535        | N/A         |
  requested_power_limit                             | Requested Power Limit               | 535        | N/A         |
  default_power_limit                               | Default Power Limit                 | 535        | N/A         |
  min_power_limit                                   | Min Power Limit                     | 535        | N/A         |
  max_power_limit                                   | Max Power Limit                     | 535        | N/A         |
power_smoothing                                     | Power Smoothing                     | 570        | N/A         |
power_profiles                                      | Workload Power Profiles             | 570        |             |
  power_profile_requested_profiles                  | Requested Profiles                  | 570        | N/A         |
  power_profile_enforced_profiles                   | Enforced Profiles                   | 570        | N/A         |
edpp_multiplier                                     | EDPp Multiplier                     | 590        | N/A         |
clocks                                              | Clocks                              |            |             |
  graphics_clock                                    | Graphics                            |            | =           |
  sm_clock                                          | SM                                  |            | =           |
  mem_clock                                         | Memory                              |            | =           |
  video_clock                                       | Video                               |            | =           |
applications_clocks                                 | Applications Clocks                 |            |             |
  graphics_clock                                    | Graphics                            |            | =           |
  mem_clock                                         | Memory                              |            | =           |
default_applications_clocks                         | Default Applications Clocks         |            |             |
  graphics_clock                                    | Graphics                            |            | =           |
  mem_clock                                         | Memory                              |            | =           |
deferred_clocks                                     | Deferred Clocks                     | 535        |             |
  mem_clock                                         | Memory                              | 535        | N/A         |
max_clocks                                          | Max Clocks                          |            |             |
  graphics_clock                                    | Graphics                            |            | =           |
  sm_clock                                          | SM                                  |            | =           |
  mem_clock                                         | Memory                              |            | =           |
  video_clock                                       | Video                               |            | =           |
max_customer_boost_clocks                           | Max Customer Boost Clocks           |            |             |
  graphics_clock                                    | Graphics                            |            | =           |
clock_policy                                        | Clock Policy                        |            |             |
  auto_boost                                        | Auto Boost                          |            | N/A         |
  auto_boost_default                                | Auto Boost Default                  |            | N/A         |
voltage                                             | Voltage                             | -580       |             |
  graphics_volt                                     | Graphics                            | -580       | N/A         |
fabric                                              | Fabric                              | 535        |             |
  state                                             | State                               | 535        | N/A         |
  status                                            | Status                              | 535        | N/A         |
  cliqueId                                          | CliqueId                            | 570        | N/A         |
  clusterUuid                                       | ClusterUUID                         | 570        | N/A         |
  health                                            | Health                              | 570        |             |
    summary                                         | Summary                             | 580        | N/A         |
    bandwidth                                       | Bandwidth                           | 570        | N/A         |
    route_recovery_in_progress                      | Route Recovery in progress          | 570        | N/A         |
    route_unhealthy                                 | Route Unhealthy                     | 570        | N/A         |
    access_timeout_recovery                         | Access Timeout Recovery             | 570        | N/A         |
    incorrect_configuration                         | Incorrect Configuration             | 580        | N/A         |
    partition_assigned                              | Partition Assigned                  | 580.173-590| N/A         |
    partition_assigned                              | Partition Assigned                  | 595        | N/A         |
supported_clocks                                    | Supported Clocks                    |            | =clocks     |
processes                                           | Processes                           |            | =processes  |
accounted_processes                                 | Accounted Processes                 |            | =none       |
capabilities                                        | Capabilities                        | 570        |             |
  egm                                               | EGM                                 | 570        | disabled    |
"""

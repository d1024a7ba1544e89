/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Made by native/state_table.py from plugins/module_utils/layout/state_faults.py, not to be edited. */
#ifndef NVMOCK_STATE_FAULTS_TABLE_H
#define NVMOCK_STATE_FAULTS_TABLE_H

enum {
    FAULT_RING = 600,
    FAULT_RING_SIZE = 64,
    FAULT_RING_NEXT = 664,
    FAULT_RING_FIRST = 665,
    FAULT_LOST = 666,
    FAULT_FIRST = 670,
    FAULT_KINDS = 14,
    FAULT_NO_INSTANCE = 255,
};

enum { FAULT_SET, FAULT_ADD, FAULT_FIELD, FAULT_WORST, FAULT_WORST_FIELD, FAULT_CUT };

static const struct fault_effect {
    unsigned char kind, bit, what, is_cured;
    unsigned short number, value;
} fault_effects[] = {
    {0, 0, FAULT_WORST_FIELD, 1, 89, 16}, /* xid: recovery_action */
    {0, 1, FAULT_SET, 1, 90, 1}, /* xid: reset_required */
    {0, 2, FAULT_SET, 1, 91, 1}, /* xid: drain_and_reset */
    {1, 0, FAULT_ADD, 1, 58, 0}, /* ecc_dram: volatile_dram_uncorrected */
    {1, 1, FAULT_ADD, 0, 64, 0}, /* ecc_dram: aggregate_dram_uncorrected */
    {1, 2, FAULT_WORST, 1, 89, 1}, /* ecc_dram: recovery_action */
    {1, 3, FAULT_SET, 1, 90, 1}, /* ecc_dram: reset_required */
    {2, 0, FAULT_ADD, 1, 56, 0}, /* ecc_sram: volatile_sram_secded */
    {2, 1, FAULT_ADD, 1, 59, 0}, /* ecc_sram: volatile_sram_uncorrected */
    {2, 2, FAULT_ADD, 0, 62, 0}, /* ecc_sram: aggregate_sram_secded */
    {2, 3, FAULT_ADD, 0, 65, 0}, /* ecc_sram: aggregate_sram_uncorrected */
    {2, 4, FAULT_WORST, 1, 89, 1}, /* ecc_sram: recovery_action */
    {2, 5, FAULT_SET, 1, 90, 1}, /* ecc_sram: reset_required */
    {2, 6, FAULT_ADD, 0, 66, 0}, /* ecc_sram: sram_l2_errors */
    {2, 7, FAULT_ADD, 0, 67, 0}, /* ecc_sram: sram_sm_errors */
    {2, 8, FAULT_ADD, 0, 68, 0}, /* ecc_sram: sram_microcontroller_errors */
    {2, 9, FAULT_ADD, 0, 69, 0}, /* ecc_sram: sram_pcie_errors */
    {2, 10, FAULT_ADD, 0, 70, 0}, /* ecc_sram: sram_other_errors */
    {3, 0, FAULT_ADD, 1, 57, 0}, /* ecc_corrected: volatile_dram_corrected */
    {3, 1, FAULT_ADD, 0, 63, 0}, /* ecc_corrected: aggregate_dram_corrected */
    {4, 0, FAULT_ADD, 0, 79, 0}, /* rows_remapped: remapped_rows_uncorrected */
    {5, 0, FAULT_SET, 1, 82, 1}, /* rows_pending: remapped_rows_pending */
    {5, 1, FAULT_ADD, 0, 79, 0}, /* rows_pending: remapped_rows_uncorrected */
    {5, 2, FAULT_WORST, 1, 89, 4}, /* rows_pending: recovery_action */
    {5, 3, FAULT_SET, 1, 91, 1}, /* rows_pending: drain_and_reset */
    {6, 0, FAULT_SET, 0, 83, 1}, /* rows_failed: remapped_rows_failure */
    {6, 1, FAULT_WORST, 1, 89, 1}, /* rows_failed: recovery_action */
    {6, 2, FAULT_SET, 1, 90, 1}, /* rows_failed: reset_required */
    {7, 0, FAULT_SET, 1, 666, 1}, /* gpu_lost: lost */
    {8, 0, FAULT_SET, 0, 666, 1}, /* fallen_off_bus: lost */
    {8, 1, FAULT_WORST, 0, 89, 2}, /* fallen_off_bus: recovery_action */
    {9, 0, FAULT_SET, 0, 26, 1}, /* thermal: event_reason_hw_thermal_slowdown */
    {9, 1, FAULT_SET, 0, 25, 1}, /* thermal: event_reason_sw_thermal_slowdown */
    {9, 2, FAULT_SET, 0, 23, 1}, /* thermal: event_reason_hw_slowdown */
    {9, 3, FAULT_SET, 0, 20, 0}, /* thermal: event_reason_gpu_idle */
    {9, 4, FAULT_FIELD, 0, 0, 0}, /* thermal: temperature */
    {9, 5, FAULT_FIELD, 0, 2, 16}, /* thermal: temperature_margin */
    {10, 0, FAULT_SET, 0, 27, 1}, /* power_brake: event_reason_hw_power_brake_slowdown */
    {10, 1, FAULT_SET, 0, 23, 1}, /* power_brake: event_reason_hw_slowdown */
    {10, 2, FAULT_SET, 0, 20, 0}, /* power_brake: event_reason_gpu_idle */
    {11, 0, FAULT_SET, 0, 22, 1}, /* power_cap: event_reason_sw_power_cap */
    {11, 1, FAULT_SET, 0, 20, 0}, /* power_cap: event_reason_gpu_idle */
    {12, 0, FAULT_CUT, 1, 256, 0}, /* nvlink_down: links */
    {12, 1, FAULT_WORST, 1, 89, 1}, /* nvlink_down: recovery_action */
    {12, 2, FAULT_SET, 1, 90, 1}, /* nvlink_down: reset_required */
    {13, 0, FAULT_SET, 0, 99, 2}, /* fabric_unhealthy: fabric_health */
    {13, 1, FAULT_SET, 0, 95, 1}, /* fabric_unhealthy: fabric_route_unhealthy */
    {13, 2, FAULT_SET, 0, 93, 1}, /* fabric_unhealthy: fabric_bandwidth */
};
enum { FAULT_EFFECTS = sizeof fault_effects / sizeof *fault_effects };

#endif

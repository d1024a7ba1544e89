from ansible_collections.nvmock.gpu.plugins.module_utils.machine.model import MigDevice


def test_values_compare_by_their_fields():
    one = MigDevice(0, "MIG-a", 1, 0)
    assert one == MigDevice(0, "MIG-a", 1, 0)
    assert one != MigDevice(0, "MIG-a", 2, 0)
    assert hash(one) == hash(MigDevice(0, "MIG-a", 1, 0))
    assert "gi=1" in repr(one)

"""Whatever is put in: an answer that holds, or the error that says what to do. Never another exception."""

from __future__ import annotations

import math

from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.replay.trace import Series, parse_trace
from carbon_lint.errors import InputError, MeasurementError, PlaceError, UsageError
from carbon_lint.estimate.job import find_gpu
from carbon_lint.measurement.gpu.visible import AmdGpu, NvidiaGpu, hiding, visible_amd_gpus, visible_gpus
from carbon_lint.places import every_place, find_place

NVIDIA_GPUS = [
    NvidiaGpu(index=0, name="A100", uuid="GPU-aaaa-1", mig_uuids=("MIG-cccc-1", "MIG-cccc-2")),
    NvidiaGpu(index=1, name="A100", uuid="GPU-aaab-2"),
    NvidiaGpu(index=2, name="T4", uuid="GPU-bbbb-3"),
]
PIECES = st.sampled_from(
    [
        "0",
        "1",
        "2",
        "3",
        "-1",
        "",
        " ",
        "GPU-",
        "GPU-aaa",
        "gpu-aaaa-1",
        "GPU-b",
        "MIG-",
        "MIG-cccc-1",
        "MIG-GPU-aaab-2/1/0",
        "x",
        "²",
    ]
)


def answer(expected, function, *arguments):
    """The result and no hint, or no result and the error's hint."""
    try:
        return function(*arguments), None
    except expected as error:
        return None, error.hint


@given(st.one_of(st.text(max_size=20), st.lists(PIECES, max_size=4).map(",".join)))
def test_cuda_visible_devices_gives_gpus_of_this_machine_or_an_error(value):
    visible, hint = answer(MeasurementError, visible_gpus, NVIDIA_GPUS, {"CUDA_VISIBLE_DEVICES": value})
    if visible is None:
        assert hint
        return
    indices, warnings = visible
    assert list(indices) == sorted(set(indices))
    assert set(indices) <= {0, 1, 2}
    assert indices or warnings


AMD_GPUS = [
    AmdGpu(index=2, name="MI300X", uuid=None, unique_ids=("GPU-aaaa000000000001",)),
    AmdGpu(index=0, name="MI300X", uuid=None, unique_ids=("GPU-aaab000000000002",)),
    AmdGpu(index=1, name="MI300X", uuid=None),
]
AMD_VALUES = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.lists(
        st.sampled_from(["0", "1", "2", "3", "-1", "", " ", "GPU-", "GPU-aaaa", "gpu-aaab", "GPU-XX"]), max_size=4
    ).map(",".join),
)


@example(None, ",0", None, False)
@given(AMD_VALUES, AMD_VALUES, AMD_VALUES, st.booleans())
def test_the_variables_of_rocm_give_gpus_of_this_machine_or_an_error(rocr, hip, cuda, reads_cuda):
    given_values = {"ROCR_VISIBLE_DEVICES": rocr, "HIP_VISIBLE_DEVICES": hip, "CUDA_VISIBLE_DEVICES": cuda}
    environ = {name: value for name, value in given_values.items() if value is not None}
    visible, hint = answer(
        MeasurementError, lambda: visible_amd_gpus(AMD_GPUS, environ, reads_cuda=reads_cuda, is_order_known=True)
    )
    if visible is None:
        assert hint
        return
    indices, warnings = visible
    assert list(indices) == sorted(set(indices))
    assert set(indices) <= {0, 1, 2}
    assert indices or warnings
    # What hides the GPUs before a library was asked hides them now.
    assert (hiding(environ, reads_cuda=reads_cuda) is not None) <= (not indices)


@given(st.text(max_size=30))
def test_a_location_is_a_place_with_an_intensity_or_an_error_with_a_hint(text):
    place, hint = answer(PlaceError, find_place, text)
    assert hint if place is None else place.g_per_kwh > 0


@given(
    st.sampled_from([place for place in every_place() if place.g_per_kwh > 0]),
    st.sampled_from([str.upper, str.lower, str.title]),
)
def test_every_code_is_found_in_any_case(place, change):
    assert find_place(change(place.code)) is find_place(place.code)


@given(st.text(max_size=30))
def test_a_gpu_name_is_a_device_or_a_usage_error(text):
    device, hint = answer(UsageError, find_gpu, text)
    assert "--power" in hint if device is None else device.max_power_w > 0


@given(
    st.one_of(st.text(max_size=60), st.text(alphabet="0123456789.,\n-eWs", max_size=60).map("seconds,gpu_w\n".__add__))
)
def test_any_text_is_a_recording_or_an_input_error(text):
    trace, _ = answer(InputError, parse_trace, text, "x")
    if trace is None:
        return
    assert trace.duration_s > 0
    assert math.isfinite(trace.energy_j())


SERIES = st.lists(st.tuples(st.floats(0.01, 100), st.floats(0, 1000)), min_size=2, max_size=20).map(
    lambda rows: Series(
        tuple(sum(gap for gap, _ in rows[1 : number + 1]) for number in range(len(rows))), tuple(w for _, w in rows)
    )
)


@given(SERIES, st.floats(0, 1), st.floats(0, 1))
def test_energy_only_grows_and_is_never_more_than_the_highest_power_all_the_time(series, first, second):
    early, late = sorted((first * series.duration_s, second * series.duration_s))
    assert -1e-6 <= series.energy_j(early) <= series.energy_j(late) + 1e-6
    assert series.energy_j(late) <= max(series.watts) * late * (1 + 1e-9) + 1e-6
    assert 0 <= series.power_w(late) <= max(series.watts) + 1e-9

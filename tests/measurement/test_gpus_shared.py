"""Other processes on a card: reported at the start and while the job runs, and the record's GPU is marked."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from carbon_lint.measurement.codecarbon.meter import CodeCarbonMeter
from carbon_lint.measurement.gpu import counting, sharing
from carbon_lint.measurement.gpu.counting import open_gpus
from carbon_lint.measurement.gpu.sharing import not_ours, others, roots
from carbon_lint.measurement.job.descendants import find_process
from tests.cases import cases
from tests.conftest import ROOT
from tests.measurement.driving import drive, virtual
from tests.measurement.stub_amdsmi import StubAmd, StubAmdsmi, mi250
from tests.measurement.stub_nvml import StubGpu, StubNvml
from tests.waiting import try_again

NOBODY = 1 << 23  # above the largest number of a process, proc(5)
UUIDS = ["GPU-1e817856-1fb8-192a-7ab7-0e0e4476c181", "GPU-2e817856-1fb8-192a-7ab7-0e0e4476c182"]
NVIDIA = "GPU 0 is used by 1 process that the job did not start: their energy is counted too"


@pytest.fixture
def machine(monkeypatch):
    """`machine(StubGpu() or StubAmd(), ...)`: the GPUs of this machine."""

    def build(*gpus, clock=time.monotonic):
        nvidia = [gpu for gpu in gpus if isinstance(gpu, StubGpu)]
        amd = [gpu for gpu in gpus if isinstance(gpu, StubAmd)]
        monkeypatch.setitem(sys.modules, "pynvml", StubNvml(nvidia, clock))
        monkeypatch.setitem(sys.modules, "amdsmi", StubAmdsmi(amd, clock))

    return build


@pytest.fixture
def stranger():
    """A process that does not descend from this one: its parent has ended, and somebody else has taken it."""
    script = "import subprocess; p = subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL); print(p.pid)"
    pid = int(subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True).stdout)
    yield pid
    os.kill(pid, 9)


@pytest.fixture
def child():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


@pytest.fixture
def made(tmp_path, monkeypatch):
    """`made({2: "kthreadd"}, p5=1)`: in the place of the machine's, process 5 and its parent; and a name."""
    monkeypatch.setattr(sharing, "find_process", partial(find_process, root=tmp_path))

    def make(names, **parents):
        for pid, parent in ((int(name[1:]), parent) for name, parent in parents.items()):
            folder = tmp_path / "proc" / str(pid)
            folder.mkdir(parents=True, exist_ok=True)
            name = names.get(pid, "a ) b (c")
            (folder / "stat").write_text(f"{pid} ({name}) S {parent}{' 1' * 48}")

    return make


def test_what_descends_from_us_is_ours_and_what_is_not_here_is_not_judged(stranger, child):
    pids = [child, stranger, NOBODY, os.getpid(), os.getppid()]
    assert others(pids, roots(is_launched=False)) == {stranger, os.getppid()}
    assert not_ours(pids, roots(is_launched=False)) == {stranger, os.getppid(), NOBODY}


def test_the_other_ranks_of_a_launchers_node_are_the_job(made):
    """torchrun 10 started us and rank 12, one of them through a shell."""
    me = os.getpid()
    made({10: "torchrun", 11: "bash"}, p1=0, p10=1, p11=10, p12=10, p13=12, p14=1, **{f"p{me}": 11})
    assert roots(is_launched=True) == (me, 10)
    assert others([12, 13, 14], roots(is_launched=True)) == {14}
    assert others([12, 13, 14], roots(is_launched=False)) == {12, 13, 14}


def test_the_server_that_stands_for_its_clients_is_nobody(made):
    made({5: "nvidia-cuda-mps"}, p1=0, p5=1)
    assert others([5], (2,)) == not_ours([5], (2,)) == set()


@cases("init", ["systemd", "process_api"])
def test_a_rank_whose_launcher_has_ended_does_not_take_the_whole_machine_for_the_job(made, init):
    """Process 1 has adopted us, through a shell, as it has a stranger."""
    me = os.getpid()
    made({1: init, 2: "kthreadd", 11: "bash"}, p1=0, p2=0, p11=1, p14=1, **{f"p{me}": 11})
    assert roots(is_launched=True) == (me,)
    assert others([14], roots(is_launched=True)) == {14}


def test_a_launcher_that_is_the_first_process_of_its_container_is_the_launcher(made):
    me = os.getpid()
    made({1: "torchrun"}, p1=0, p12=1, **{f"p{me}": 1})
    assert roots(is_launched=True) == (me, 1)


RANK = """
import sys
from tests.measurement.driving import drive, virtual
from tests.measurement.stub_nvml import StubGpu, StubNvml

def machine(*gpus, clock):
    sys.modules["pynvml"] = StubNvml(list(gpus), clock)

launcher, rank, stranger = map(int, sys.argv[1:])
gpus, clock = virtual(machine, card := StubGpu(pids=[launcher, rank]), environ={"LOCAL_RANK": "0", "RANK": "0"})
drive(gpus, clock, 12)
print(*gpus.warnings, sep="; ")
card.pids = [stranger]
drive(gpus, clock, 12)
print(*gpus.warnings, sep="; ")
"""


def test_a_rank_is_not_warned_of_what_its_launcher_runs(stranger, child):
    """This process stands for the launcher: it starts a rank that measures, and has started another."""
    rank = subprocess.run(
        [sys.executable, "-c", RANK, str(os.getpid()), str(child), str(stranger)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert rank.stdout.split("\n") == ["", NVIDIA, ""]


def test_descent_is_followed_over_many_generations_and_ends_at_the_top(made):
    made({}, p1=0, p5=1, p6=5, p7=6, p8=1, p9=8, p10=99)
    assert others([6, 7, 9, 8, 1], (5,)) == {1, 8, 9}
    assert others([10, 11], (5,)) == set()  # whose parent has just ended, and who is not here


@pytest.mark.parametrize("gpu", [StubGpu(pids=[NOBODY]), StubAmd(pids=[NOBODY])], ids=["nvidia", "amd"])
def test_at_the_start_every_process_is_anothers_also_one_that_is_not_known_here(machine, gpu):
    machine(gpu)
    gpus = open_gpus({})
    assert gpus.warnings[0].endswith("GPU 0 is used by 1 other process: their energy is counted too")
    assert [card.is_shared for card in gpus.gpus] == [True]


@pytest.mark.parametrize("kind", [StubGpu, StubAmd], ids=["nvidia", "amd"])
def test_a_process_that_starts_while_the_job_runs_is_reported_once_and_marks_its_card(machine, stranger, child, kind):
    cards = [StubGpu(uuid=UUIDS[0]), StubGpu(uuid=UUIDS[1])]
    if kind is StubAmd:
        cards = [StubAmd(serial="0x11"), StubAmd(serial="0x12", bdf="0000:c9:00.0")]
    gpus, clock = virtual(machine, *cards)
    assert gpus.warnings == ()
    for card in cards:
        card.pids = [child, NOBODY]  # the job itself, and what this PID namespace does not know
    drive(gpus, clock, 25)
    assert (gpus.warnings, [card.is_shared for card in gpus.gpus]) == ((), [False, False])
    cards[1].pids = [child, stranger]
    drive(gpus, clock, 15)
    (warning,) = gpus.warnings
    assert warning.endswith("GPU 1 is used by 1 process that the job did not start: their energy is counted too")
    assert [card.is_shared for card in gpus.gpus] == [False, True]
    cards[1].pids = [os.getppid(), stranger]
    drive(gpus, clock, 25)
    assert gpus.warnings == (warning,)


def test_a_look_is_taken_every_ten_seconds_and_at_the_end(machine, stranger):
    card = StubGpu()
    gpus, clock = virtual(machine, card)
    looks = []
    library = sys.modules["pynvml"]
    real = library.nvmlDeviceGetComputeRunningProcesses
    library.nvmlDeviceGetComputeRunningProcesses = lambda handle: looks.append(clock()) or real(handle)
    drive(gpus, clock, 60)
    assert 5 <= len(looks) <= 6
    card.pids = [stranger]
    gpus.stop()
    assert gpus.warnings == (NVIDIA,)


def test_on_the_second_die_of_a_card_they_are_on_the_card(machine, stranger):
    dies = mi250(0)
    gpus, clock = virtual(machine, *dies)
    dies[1].pids = [stranger]
    drive(gpus, clock, 12)
    assert [card.is_shared for card in gpus.gpus] == [True]


def test_rocms_runtime_opens_every_card_and_is_on_those_of_which_it_holds_memory(machine):
    machine(StubAmd(pids=[NOBODY], held=4096))
    assert open_gpus({}).warnings == ()


@pytest.mark.parametrize("gpu", [StubGpu(pids=[1]), StubAmd(pids=[1])], ids=["nvidia", "amd"])
def test_a_driver_that_does_not_list_processes_is_not_a_failure(machine, gpu):
    def refuse(handle):
        raise OSError("not permitted")

    machine(gpu)
    sys.modules["pynvml"].nvmlDeviceGetComputeRunningProcesses = refuse
    sys.modules["amdsmi"].amdsmi_get_gpu_process_list = refuse
    gpus = open_gpus({})
    assert (gpus.warnings, len(gpus.gpus)) == ((), 1)


JOB = """
import os, subprocess, sys, time
# a daemon: its parent has ended, and it is the job's all the same
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("daemon.tmp", "w").write(str(os.getpid())); os.rename("daemon.tmp", "daemon")
        time.sleep(30)
    os._exit(0)
os.wait()
while not os.path.exists("enough"):
    time.sleep(0.02)
"""


def test_the_record_of_a_run_marks_the_card_and_a_live_warning_does_too(machine, stranger, run, monkeypatch):
    """The job's own daemon does not count as another user's."""
    monkeypatch.setattr(counting, "_LOOK_EVERY_S", 0.1)
    cards = [StubGpu(uuid=uuid) for uuid in UUIDS]
    machine(*cards)
    seen = []

    class Watching(CodeCarbonMeter):
        def read(self):
            if Path("daemon").exists():
                for card in cards:
                    card.pids = [int(Path("daemon").read_text())]
                seen.append(self.warnings)
            if len(seen) > 5:
                cards[0].pids = [stranger]
            if len(seen) > 10:
                Path("enough").touch()
            return super().read()

    record = run(JOB, meter=Watching(None), tick_s=0.1)
    assert [gpu.is_shared for gpu in record.hardware.gpus] == [True, False]
    assert record.warnings.count(NVIDIA) == 1
    assert run.notices.count(NVIDIA) == 1
    assert not any("GPU 1" in warning for warning in record.warnings)


@pytest.mark.parametrize("has_counter", [True, False])
def test_the_record_holds_each_gpus_energy_and_they_are_its_gpu_energy(machine, run, has_counter):
    machine(
        *(
            StubGpu(uuid=uuid, watts=watts, has_counter=has_counter)
            for uuid, watts in zip(UUIDS, (400, 100), strict=True)
        )
    )

    def times():
        record = run("pass", until=6, meter=CodeCarbonMeter(None, pue=1.2), tick_s=0.2)
        big, small = (gpu.energy_kwh for gpu in record.hardware.gpus)
        assert big + small == pytest.approx(record.energy_kwh.gpu, rel=1e-9)
        return big / small

    assert try_again(times, pytest.approx(4, rel=0.3).__eq__) == pytest.approx(4, rel=0.3)


def test_a_run_that_is_not_measured_states_no_gpus_energy_either(machine, run):
    cards = [StubGpu(uuid=uuid) for uuid in UUIDS]
    machine(*cards)

    class Losing(CodeCarbonMeter):
        def read(self):
            if self.hardware.gpus[0].energy_kwh:
                cards[1].lost = [(0.0, math.inf)]
            return super().read()

    record = run("import time; time.sleep(60)", meter=Losing(None), tick_s=0.1)
    assert record.energy_kwh.gpu is None
    assert [gpu.energy_kwh for gpu in record.hardware.gpus] == [None, None]


def test_an_older_amdsmi_lists_handles_of_processes(machine, stranger):
    gpus, clock = virtual(machine, StubAmd())
    library = sys.modules["amdsmi"]
    library.amdsmi_get_gpu_process_list = lambda handle: [object()]
    drive(gpus, clock, 12)
    assert gpus.warnings == ()
    library.amdsmi_get_gpu_process_info = lambda handle, process: {"pid": stranger, "mem": 1 << 30}
    drive(gpus, clock, 12)
    assert [card.is_shared for card in gpus.gpus] == [True]

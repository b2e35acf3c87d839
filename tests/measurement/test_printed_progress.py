"""The progress of a job, read from what it prints. The bars are tqdm's own, drawn here."""

from __future__ import annotations

import io
import itertools
import random
import time
import timeit
import tracemalloc
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tqdm import tqdm

from carbon_lint.measurement.forecast.printed_lines import MAX_LINE_BYTES, Role, read_line
from carbon_lint.measurement.forecast.printed_progress import KEPT_BYTES, MAX_COUNTERS, PrintedProgress, Stream
from tests.cases import cases

STEPS = 100


class Screen(io.StringIO):
    """What a job writes to; `take` gives what was written since the last time."""

    def take(self):
        written = self.getvalue()
        self.seek(0)
        self.truncate()
        return written.encode()


class Heard:
    """A job that prints, and a loop that looks once a second."""

    def __init__(self):
        self.screen = Screen()
        self.progress = PrintedProgress()
        self.now_s = 0.0
        self.latest = None
        self.all_latest = []

    def bar(self, steps, **options):
        return tqdm(range(steps), file=self.screen, mininterval=0, miniters=1, **options)

    def print(self, text, end="\n"):
        self.screen.write(text + end)

    def tick(self, seconds=1.0):
        self.now_s += seconds
        self.progress.feed(self.screen.take())
        self.latest = self.progress.look(self.now_s)
        self.all_latest.append(self.latest)
        return self.latest

    def fraction(self):
        return None if self.tick() is None else self.latest.fraction


@pytest.fixture
def job():
    return Heard()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"desc": "Training"},
        {"ascii": True},
        {"ascii": " .oO0"},
        {"ncols": 0},
        {"ncols": 60, "desc": "a model"},
        {"unit": "batch", "postfix": {"loss": "0.3"}},
        {"colour": "green"},
    ],
    ids=str,
)
def test_a_bar_of_tqdm_is_the_job(job, options):
    for step in job.bar(STEPS, **options):
        assert job.fraction() == step / STEPS
        assert job.latest.known_for_s == step
    assert job.all_latest[-1].by == "its bar, 99/100"
    assert job.tick() is None, "it is done, and what follows does not count"


def test_large_counts_are_read_as_tqdm_scales_them(job):
    bar = tqdm(total=4_560_000, file=job.screen, mininterval=0, unit_scale=True)
    for _ in range(5):
        bar.update(456_000)
        job.tick()
    assert job.latest.fraction == pytest.approx(0.5, abs=0.001)
    assert job.latest.by == "its bar, 2.28M/4.56M"
    bar.close()


def test_the_trainers_bar_is_the_job_and_its_evaluations_are_not(job):
    for _ in range(5):
        for _ in job.bar(20, desc="Map", unit=" examples"):
            assert job.tick() is None
    training = job.bar(1000)
    for epoch in range(4):
        for _ in range(250):
            training.update()
            job.tick()
            if training.n % 50 == 0:
                tqdm.write(str({"loss": 0.5, "epoch": epoch}), file=job.screen)
            assert training.n == 1000 or job.latest.fraction == training.n / 1000
        for _ in job.bar(20, leave=False, position=1):
            job.tick()
            assert training.n == 1000 or job.latest.fraction == training.n / 1000
    assert sum(reported is None for reported in job.all_latest) == 100 + 21
    training.close()


@pytest.mark.parametrize(
    "options",
    [
        {"desc": "model.safetensors", "unit": "B", "unit_scale": True},
        {"desc": "Downloading"},
        {"desc": "Map (num_proc=4)"},
        {"unit": " examples"},
        {"desc": "Loading checkpoint shards"},
        {"desc": "Evaluating"},
        {"desc": "Validation DataLoader 0"},
        {"desc": "Epoch 3"},
        {"desc": "Fold 2"},
    ],
    ids=str,
)
def test_what_is_only_a_part_is_never_taken_for_the_job(job, options):
    for _ in job.bar(STEPS, **options):
        assert job.tick() is None


@pytest.mark.parametrize("describe", [lambda epoch: None, lambda epoch: f"stage {epoch}", lambda epoch: "Train"])
def test_a_bar_that_comes_again_each_epoch_is_not_the_job(job, describe):
    for epoch in range(3):
        for step in job.bar(STEPS, desc=describe(epoch), leave=False):
            job.tick()
            assert epoch == 0 or (job.latest is None), f"epoch {epoch}, step {step}"


def test_what_comes_first_after_a_bar_that_comes_again_is_not_the_job_either(job):
    for _ in range(2):
        for _ in job.bar(STEPS):
            job.tick()
    for _ in job.bar(20, desc="held-out rows"):
        assert job.tick() is None


def test_within_epochs_that_are_numbered_it_counts_from_the_second_on(job):
    for epoch in range(10):
        job.print(f"Epoch {epoch + 1}/10")
        for step in job.bar(STEPS):
            expected = epoch / 10 + (step / STEPS / 10 if epoch else 0)
            assert job.fraction() == pytest.approx(expected)
        for _ in job.bar(20, desc="held-out rows"):
            assert job.fraction() == pytest.approx((epoch + (1 if epoch else 0)) / 10)
    assert job.latest.by == "its epochs, 10/10, if all 10 run"


def test_epochs_that_waited_in_a_buffer_are_not_mixed_with_bars_that_did_not(job):
    """Python writes its stdout in pieces of 8 KiB if it is a pipe, its stderr at once."""
    waiting = ""
    for epoch in range(10):
        waiting += f"Epoch {epoch + 1}/10\n"
        for step in job.bar(STEPS):
            if epoch % 3 == 2 and step == 50:
                job.print(waiting, "")
                waiting = ""
            job.tick()
            assert (
                epoch < 3
                or job.latest.fraction == (epoch // 3 * 3 + 2 - (3 if (epoch % 3, step) < (2, 50) else 0)) / 10
            )


def test_a_bar_that_goes_on_over_the_epochs_is_the_job(job):
    for step in job.bar(50, desc="warming up"):
        if step == 5:
            break
    bar = tqdm(total=1000, file=job.screen, mininterval=0)
    for epoch in range(1, 11):
        job.print(f"Epoch {epoch}/10")
        for _ in range(100):
            bar.update()
            job.tick(0.1)
            if epoch == 1:
                assert job.latest.fraction == 0, "a tenth of a tenth would be wrong by ten"
            elif bar.n < 1000:
                assert job.latest.fraction == bar.n / 1000
    bar.close()


def test_an_outer_bar_of_epochs_is_the_job_and_the_inner_ones_are_not(job):
    for epoch in job.bar(5, desc="Epoch"):
        for _ in job.bar(STEPS, desc="Iteration", leave=False):
            assert job.fraction() == epoch / 5


def test_keras_counts_within_its_epochs(job):
    for epoch in range(3):
        job.print(f"Epoch {epoch + 1}/3")
        assert job.fraction() == pytest.approx(epoch / 3), "its first step may take long"
        for step in range(1, 41):
            filled = "━" * (step // 2)
            job.print(
                f"\r\x1b[1m{step}/40\x1b[0m \x1b[32m{filled}\x1b[0m\x1b[37m━\x1b[0m \x1b[1m3s\x1b[0m loss: 0.3", ""
            )
            job.tick()
        # the last one stands at the end of the output, where a number may be cut
        assert job.latest.fraction == pytest.approx((epoch + 39 / 40) / 3)
        job.print("\n", "")
    for step in range(1, 33):
        job.print(f"\r{step}/32 [=====>......] - ETA: 3s", "")
        assert job.fraction() == 1.0


@pytest.mark.parametrize("first", [0, 5], ids=["from the start", "resumed"])
def test_epochs_may_be_counted_from_0(job, first):
    for epoch in range(first, 10):
        for step in job.bar(STEPS, desc=f"Epoch {epoch}/9"):
            job.tick()
            # What is left is what matters, and it is right even if epoch 0 was not seen.
            total = 9 if first else 10
            assert (1 - job.latest.fraction) * total == pytest.approx(10 - epoch - step / STEPS)
        for _ in job.bar(20, desc="Validation DataLoader 0"):
            job.tick()
            assert (1 - job.latest.fraction) * total == pytest.approx(10 - epoch - 1, abs=0.02)


def test_lightnings_rich_bar_is_read_between_its_controls(job):
    """It redraws its bar in place, with the evaluation's below: colours, cursor up, erased line."""
    for epoch in range(4):
        for step in range(1, 41):
            done, left = "━" * (step // 2), "━" * (20 - step // 2)
            job.print(
                f"\r\x1b[2KEpoch {epoch}/3  \x1b[35m{done}\x1b[0m\x1b[35m╸\x1b[0m\x1b[90m{left}\x1b[0m "
                f"\x1b[37m{step}/40\x1b[0m \x1b[2m0:00:10 • 0:00:15\x1b[0m \x1b[2;4m41.20it/s\x1b[0m\n"
                f"\x1b[2KValidation \x1b[35m━━━\x1b[0m \x1b[37m3/10\x1b[0m \x1b[2m0:00:01\x1b[0m\x1b[1A",
                "",
            )
            assert job.fraction() == pytest.approx((epoch + step / 40) / 4)


@pytest.mark.parametrize(
    ("line", "fraction"),
    [
        ("Epoch [3/10], Step [40/100], Loss: 0.1234", (2 + 0.4) / 10),
        ("Epoch: 3/10 | Batch 40/100 | loss 0.1", (2 + 0.4) / 10),
        ("Epoch 3 of 10", 2 / 10),
        ("| epoch   3 /  10 |", 2 / 10),
        ("----- EPOCH 3/10 -----", 2 / 10),
        ("Epoch 3/10, Loss: 0.1234", 3 / 10),
        ("epoch 3/10 - acc=0.5", 3 / 10),
    ],
)
def test_one_line_gives_the_epoch(job, line, fraction):
    job.print(line)
    assert job.fraction() == pytest.approx(fraction)


def test_results_printed_several_times_an_epoch_do_not_end_it(job):
    for epoch in range(1, 5):
        for _ in range(3):
            job.print(f"Epoch {epoch}/4 loss: 0.5")
            job.tick()
    assert job.latest.fraction == 3 / 4


def test_results_printed_by_two_processes_at_once_end_it(job):
    for epoch in range(1, 5):
        job.print(f"Epoch {epoch}/4 loss: 0.5\nEpoch {epoch}/4 loss: 0.5")
        assert job.fraction() == epoch / 4


def test_epochs_that_begin_again_are_not_the_job(job):
    for fold in range(2):
        for epoch in range(1, 4):
            job.print(f"Epoch {epoch}/3")
            assert job.fraction() == (None if fold else (epoch - 1) / 3)


@pytest.mark.parametrize(
    "text",
    [
        "step {}/1000",
        "Step [{}/1000]",
        "global step: {} of 1000",
        "iter {}/1000 loss 0.3",
        " iteration {:8d}/    1000 | lr: 1e-5",
    ],
)
def test_steps_that_are_printed_are_the_job(job, text):
    for step in range(0, 500, 10):
        job.print(text.format(step))
        job.tick()
    assert job.latest.fraction == 0.49
    assert job.latest.by == "the steps it prints, 490/1000"


def test_a_percentage_that_is_printed_is_the_job(job):
    for percent in range(50):
        job.print(f"[12:00:01] Progress: {percent}.5%")
        job.tick()
    assert (job.latest.fraction, job.latest.by) == (0.495, "the progress it prints, 49.5%")


@cases(
    "line",
    [
        "",
        "Step 2/5 : RUN pip install torch",
        "Epoch 1.5/3",
        "Epoch 11/10",
        "Epoch 0/0",
        "accuracy 42/100, 12/30 right",
        "saved to /tmp/run/step/12/30",
        "version 3/4 50% done",
        "lr 1e-5, GPU 42% busy",
        "[12/600] /usr/local/cuda/bin/nvcc --threads 4",
        "[12/600] Building CXX object",
        "[3/4] Moving",
        "Test: [ 40/100]  eta: 0:00:31  loss: 0.3",
        " 4.1/9.9 MB 5.6 MB/s eta 0:00:01",
        "Downloading: 42% done",
        "Training |####    | ##. 12/200 [6%] in 10s (~3:20, 0.3/s)",
        "Setting work unit notes: 3.4 steps/s, 5.0% (90/1800), ETA: 9m",
        "120:\tlearn: 0.31\ttotal: 1m 12s\tremaining: 1h 2m 28s",
        "the eta of 1:02:03 is meant",
        "300% of the memory, step 1200/1000",
        "  0it [00:00, ?it/s]",
        "carbon-lint: heading for 120% of the budget by the end of the job, going by its epochs, 3/10",
        "progress: 140%",
        "step 1/1000000000000000000000000",
        "9" * 500 + "%|##| 1/2 [",
    ],
)
def test_output_without_progress_gives_no_progress(line):
    assert read_line(line.encode()) is None


def printed(job, lines, begin=0.0):
    """Read each line, a second apart; return the progress after the last."""
    for line in lines:
        job.print(line)
        job.tick()
    return job.latest


def fraction_of(text, counts, announced=()):
    job = Heard()
    reported = printed(job, [*announced, *(text.format(n=n) for n in counts)])
    return None if reported is None else reported.fraction


def test_logs_of_many_trainers_are_read():
    """One line a trainer, in its own form, whose total is in the line or was announced before."""
    forms = {
        "mmengine": ("[12/600] loss: 0.35 lr: 1e-4", (12,), (), 12 / 600),
        "a script": ("[{n}/600] loss 0.3", range(0, 300, 10), (), 290 / 600),
        "percent": ("2026-11-28 10:00:00 INFO: {n}% done", range(43), (), 0.42),
        "percent alone": ("{n}% complete", range(43), (), 0.42),
        "YOLO": ("      {n}/50      2.36G     0.0421     0.031         12        640", range(1, 11), (), 9 / 50),
        "ImageNet": ("Epoch: [{n}][ 420/5000]\tTime 0.3", range(9), ("Namespace(arch='r', epochs=90)",), 8.084 / 90),
        "timm": ("Train: {n} [ 500/1250 ( 40%)]  Loss: 6.9", range(5), ("Scheduled epochs: 10. LR",), 0.44),
        "fairseq": ("epoch 00{n}:    420 / 4200 loss=2.1, ups=3", range(1, 4), ("max_epoch: 10",), 2.1 / 10),
        "nanoGPT": ("iter {n}: loss 2.3, time 12.5ms", range(0, 2000, 100), ("max_iters = 5000",), 1900 / 5000),
        "Lightning": ("Epoch {n}:  40%|#| 40/100 [00:10<00:14, 4.1it/s]", range(3), ("max_epochs=5",), 2.4 / 5),
        "rich": ("Working... ━━━━╸━━━ {n}% 0:00:12", range(43), (), 0.42),
        "DINO": ("Epoch: [{n}/5]  [ 500/1000]  eta: 0:01:50  loss: 10.1", range(3), (), 2.5 / 5),
        "Swin": ("Train: [{n}/10][500/1000]\teta 0:05:10 lr 0.1\tloss 6.9", range(3), (), 2.5 / 10),
        "torchtitan": ("step: {n}  loss: 8.2  tps: 4,100", range(0, 99, 9), ("total steps 1000 (warmup 200)",), 0.09),
        "Flair": ("epoch {n} - iter 100/200 - loss 0.4", range(1, 4), (' - max_epochs: "10"',), 2.5 / 10),
        "from 0": ("Epoch: {n}/10, Loss: 0.5", range(3), (), 3 / 10),
        "from 0 in brackets": ("Epoch [{n}/10], Loss: 0.5", range(3), (), 3 / 10),
        "from 0 as a header": (" > EPOCH: {n}/10", range(3), (), 2 / 10),
        "from 0 to the last": ("Epoch {n}/9\n----------", range(3), (), 2 / 10),
        "from 0 before a bar": ("[Epoch {n}/3]:  40%|#| 40/100 [00:10<00:14, 4.1it/s]", range(2), (), 1.4 / 3),
        "folds": ("Fold {n}/5\nEpoch 1/4\nEpoch 2/4\nEpoch 3/4", range(1, 4), (), (2 + 2 / 4) / 5),
    }  # fmt: skip
    for name, (text, counts, announced, expected) in forms.items():
        assert fraction_of(text, counts, announced) == pytest.approx(expected, abs=1e-3), name


def test_a_count_without_a_total_gives_no_progress():
    for text in (
        "Epoch: [{n}][ 420/5005]  Time 0.3",
        "Train: {n} [ 500/1251 ( 40%)]  Loss: 6.9",
        "iter {n}: loss 2.3",
        "Epoch {n}:  40%|#| 40/100 [00:10<00:14, 4.1it/s, v_num=0]",
        "epoch 00{n}:    420 / 4200 loss=2.1",
        "[I 2026-11-28] Trial {n} finished with value: 0.5",
    ):
        assert fraction_of(text, range(5)) is None, text
    assert fraction_of("step {n} loss 0.3", range(0, 90, 9), ("max_steps: 1000", "num_epochs: 3")) is None, "the first"
    two = ("max_epochs=5", "max_epochs=50")
    assert fraction_of("Epoch {n}:  40%|#| 40/100 [00:10<00:14, 4.1it/s]", range(3), two) is None


def test_the_time_left_that_the_job_prints_is_its_progress():
    job = Heard()
    for second in range(0, 900, 10):
        left = timedelta(seconds=1200 - second)
        job.print(f"[d2.utils.events]:  eta: {left}  iter: {second}  total_loss: 1.2")
        job.tick(10.0)
    assert job.latest.fraction == pytest.approx(0.75, abs=0.02)
    assert "says" in job.latest.by
    job.print("mmengine - INFO - Epoch(val)  [1][50/150]    eta: 0:00:01  time: 0.05")
    assert job.tick().fraction == pytest.approx(0.75, abs=0.02), "the evaluation's does not count"
    job.print("eta: 1 day, 2:03:04")
    assert job.tick() is None, "it has started again, so it was a part's"


@cases(
    ("text", "left_s"),
    [
        ("iter=    12 sample=48/1024 loss=2.1 dt=00:00:02 eta=00:09:12 |->", 552),
        ("\rdata.tar 3%[>  ] 1.2G 30.1MB/s eta=0:10:02", None),
        ("val:   [====>] loss=2.4 ETA=00:00:05", None),
    ],
)
def test_the_time_that_is_left_is_read_in_other_forms(text, left_s):
    line = read_line(text.encode())
    assert (line and line.left_s) == left_s


def test_a_bar_whose_name_changes_is_one_bar(job):
    bar = job.bar(200)
    for step in range(100):
        bar.set_description(f"loss {2.5 / (step + 1):.3g} {'best' if step % 7 else 'lr 1e-5'}")
        bar.update()
        job.tick()
    assert job.latest.fraction == 0.5
    assert len(job.progress._seen) == 1
    bar.close()


def test_optunas_bar_is_the_job_although_it_names_a_trial(job):
    bar = job.bar(40)
    for trial in range(20):
        for _ in job.bar(40, desc="steps", leave=False):
            job.tick(0.1)
        bar.set_description(f"Best trial: {trial}. Best value: {0.5 / (trial + 1):.6}")
        bar.update()
        job.tick()
    assert job.latest.fraction == 0.5
    bar.close()


def test_a_bar_below_another_of_as_many_steps_is_not_its_new_name(job):
    for epoch in job.bar(10, desc="rounds"):
        for _ in job.bar(10, desc="steps", leave=False):
            assert job.fraction() == epoch / 10


def test_what_was_left_unfinished_does_not_block_the_job(job):
    for step in job.bar(STEPS, desc="warming up"):
        job.tick()
        if step == 5:
            break
    training = job.bar(1000)
    reported = []
    for _ in range(200):
        training.update()
        reported.append(job.tick())
    assert reported[-1].by == "its bar, 200/1000"
    assert {one.by for one in reported[:50]} == {"its bar, 5/100"}, "which stands still, so nothing is forecast by it"
    training.close()


def test_two_processes_that_draw_one_bar_do_not_begin_it_again(job):
    for step in range(50):
        job.print(f"\r{step}%|##| {step}/100 [00:10<00:14, 4.1it/s]", "")
        job.print(f"\r{step}%|##| {step // 2 + step // 3}/100 [00:10<00:14, 4.1it/s]", "")
        job.tick()
    assert job.latest.fraction == 0.49


def pieces_of(data, cuts):
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


PARTS = st.sampled_from(
    [
        "\r 42%|####      | 420/1000 [00:10<00:14, 41.2it/s]", "\r 43%|####      | 430/1000 [00:10<00:14, 41.2it/s]",
        "\r  0%|          | 0/1000 [00:00<?, ?it/s]", "\n", "\r", "Epoch 3/10", "Epoch 4/10\n",
        "Epoch 0/9:  40%|█| 40/100 [",
        "00:10<00:14]", "\x1b[A", "\x1b[1m40/100\x1b[0m ━━━", "step 12/1000\n", "step 20/1000\n", "progress: 12%\n",
        "é", "/", "%", "|", "]", "9", " loss: 0.3\n", "x" * 3000,
    ]
)  # fmt: skip


@given(st.lists(PARTS, max_size=60).map("".join), st.lists(st.integers(0, 100_000), max_size=20), st.integers(1, 5))
def test_how_the_output_is_cut_changes_nothing(text, cuts, looks):
    data = text.encode()
    answers = []
    for chosen in ([], cuts):
        progress, reported = PrintedProgress(), []
        size = len(data) // looks + 1
        for second, start in enumerate(range(0, len(data), size)):
            for piece in pieces_of(data[start : start + size], chosen):
                progress.feed(piece)
            reported.append(progress.look(float(second)))
        answers.append(reported)
    assert answers[0] == answers[1]


@given(st.lists(st.one_of(st.binary(max_size=50), PARTS.map(str.encode)), max_size=80))
def test_any_bytes_give_a_fraction_or_nothing(pieces):
    progress = PrintedProgress()
    for second, piece in enumerate(pieces):
        progress.feed(piece)
        reported = progress.look(float(second))
        assert reported is None or 0 <= reported.fraction <= 1


def test_a_number_that_is_cut_is_not_read(job):
    for step in range(400):
        job.print(f"step {step}/1000")
        job.tick()
    job.print("step 400/1000\nstep 9", end="")
    job.tick()
    job.print("99/10", end="")
    assert job.fraction() == 0.4
    job.print("00")
    assert job.fraction() == 0.999


def test_the_end_of_a_flood_is_read_and_no_number_that_lost_its_head():
    stream = Stream()
    line = b" " * 87 + b"step 420/1000\n"
    flood = b"x" + line * (3 * KEPT_BYTES // len(line))
    for size in (1 << 20, 4096, 77):
        for start in range(0, len(flood), size):
            stream.feed(flood[start : start + size])
            assert len(stream._kept) <= KEPT_BYTES
        lines, rest = stream.take()
        assert set(lines) == {line[:-1]}
        assert rest == b""
    stream.feed(b"step 421/1000\n")
    assert stream.take() == ([b"step 421/1000"], b"")


def test_an_endless_line_is_skipped():
    stream = Stream()
    stream.feed(b"y" * MAX_LINE_BYTES)
    assert stream.take() == ([], b"y" * MAX_LINE_BYTES)
    for _ in range(100):
        stream.feed(b"y" * 10_000)
        assert stream.take() == ([], b"")
    stream.feed(b" step 9/10\nstep 1/10\n")
    assert stream.take() == ([b"step 1/10"], b"")


@pytest.mark.slow
def test_no_output_makes_it_grow():
    progress = PrintedProgress()
    random.seed(1)

    def a_while(second):
        for _ in range(10):
            progress.feed(random.randbytes(10_000))
            progress.feed(b"".join(b"step %d/%d\n" % (n, second * 1000 + n) for n in range(20, 120)))
            progress.feed(b"".join(b"\rbar %d:  1%%|#| 1/%d [0]" % (n, second + n) for n in range(100)))
            progress.look(float(second))

    tracemalloc.start()
    for second in range(15):
        a_while(second)
        if second == 3:
            early = tracemalloc.get_traced_memory()[0]
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(progress._seen) <= MAX_COUNTERS
    assert late - early < 100_000


@pytest.mark.slow
@cases(
    "text",
    [
        "%|" * 1000,
        "1%|" * 600,
        "1%|#|1/1" * 200,
        "epoch " * 300,
        "epoch [" * 250 + "1/1",
        "step 1/" * 280,
        "progress 1" * 180,
        "\x1b[" * 1000,
        "\x1b[" + "0" * 2000,
        "━ 1/" * 300,
        "1" * 2040 + "/",
        " " * 2040 + "1/2",
        "loss=" * 400,
    ],
    ids=lambda text: text[:8],
)
def test_no_line_takes_long(text):
    """As a multiple of a harmless line of that length: on a busy machine only a ratio can be tested."""

    def least_s(line):
        return min(timeit.repeat(lambda: read_line(line), number=20, repeat=5, timer=time.process_time))

    assert least_s(text.encode()[:MAX_LINE_BYTES]) < 100 * least_s(b"a/b " * 500)


def test_our_own_message_after_a_bar_is_not_read_as_progress():
    line = read_line(b" 40%|##| 40/100 [00:10<00:14, 4.1it/s]carbon-lint: heading for 120%, going by its epochs, 3/10")
    assert line.epoch is None
    assert line.counter.done == 40


def test_a_part_of_an_epoch_is_known_by_its_name():
    assert read_line(b"batch 40/100").counter.role is Role.PART
    assert read_line(b" 40%|##| 40/100 [00:10<00:14, 4.1it/s]").counter.role is Role.WHOLE
    assert read_line(b" 40%|##| 40/100 [00:10<00:14", is_ended=False) is None

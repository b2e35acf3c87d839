"""The client of Electricity Maps, against a server that speaks its protocol, and one that does not."""

from __future__ import annotations

import json
import traceback

import pytest

from carbon_lint.errors import PlaceError
from carbon_lint.measurement.grid import electricity_maps
from carbon_lint.measurement.grid.electricity_maps import ElectricityMaps, NoFigureError
from tests.cases import cases
from tests.measurement.grid import TOKEN, Grid, hour_of

NOW_S = 1_795_687_200.0 + 1234  # 2026-11-26T10:20:34Z


@pytest.fixture
def grid(monkeypatch):
    served = Grid(hour_of(NOW_S))
    monkeypatch.setattr(electricity_maps, "PAUSES_S", (0.01, 0.02))
    yield served
    served.close()  # a second time does no harm


def client(grid, zone="FR", token=TOKEN):
    return ElectricityMaps(zone, token, url=grid.url, clock=lambda: NOW_S)


def test_the_newest_hour_comes_with_its_source(grid):
    hour = client(grid).latest()

    assert (hour.zone, hour.g_per_kwh, hour.is_estimated) == ("FR", 31.0, True)
    assert hour.label == "2026-11-26T10:00Z"
    assert hour.number == NOW_S // 3600
    assert hour.source == "Electricity Maps, zone FR, lifecycle factors"


def test_what_is_asked_for_leaves_no_choice_to_the_service(grid):
    client(grid).latest()
    assert grid.asked == [
        {
            "zone": "FR",
            "temporalGranularity": "hourly",
            "emissionFactorType": "lifecycle",
            "disableCallerLookup": "true",  # or the answer for an unknown zone is that of the caller's address
        }
    ]


def test_an_older_service_that_repeats_less_is_accepted_and_what_it_leaves_out_is_not_called_measured(grid):
    grid.answer = {name: hour_of(NOW_S)[name] for name in ("zone", "carbonIntensity", "datetime")}
    assert client(grid).latest().is_estimated
    grid.answer = hour_of(NOW_S, 40.5, isEstimated=False)
    assert not client(grid).latest().is_estimated


@cases("zone", ["fr", "FR&x=1", "", "FR\n", "FRANCE", "../x"])
def test_only_a_zone_is_asked_for(zone):
    with pytest.raises(PlaceError, match="not an Electricity Maps zone"):
        ElectricityMaps(zone, TOKEN)


@cases("token", ["", " ", "to ken", "tok\nX-Evil: 1", "t\u00f6ken"])
def test_an_invalid_token_is_not_sent_and_not_shown(token):
    with pytest.raises(PlaceError, match="no token has") as caught:
        ElectricityMaps("FR", token)
    assert not token.strip() or token.strip() not in "".join(traceback.format_exception(caught.value))


def test_a_line_break_after_the_token_is_not_part_of_it(grid):
    assert client(grid, token=f"{TOKEN}\n").latest().g_per_kwh == 31


REFUSED = {
    401: "the token is wrong",
    403: "plan does not cover",
    404: "is there such a zone",
    429: "used too often",
    302: "location",
    500: "location",
}


@pytest.mark.parametrize("status", REFUSED)
def test_a_refusal_gives_an_error_with_what_to_do_and_without_the_token(grid, status):
    grid.answer = (status, {"Location": f"{grid.url}/v4/elsewhere"} if status == 302 else {})
    with pytest.raises(NoFigureError, match=rf"answers {status} \(zone FR\)") as caught:
        client(grid).latest()

    assert REFUSED[status] in caught.value.hint
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert TOKEN not in repr(client(grid))
    assert len(grid.asked) == 1, "a redirect is not followed: the token would go along"
    assert caught.value.wait_s == (0.0 if status in {429, 500} else None)


def test_a_wrong_token_is_a_refusal(grid):
    with pytest.raises(NoFigureError, match="answers 401"):
        client(grid, token="another").latest()


GARBAGE = {
    "nothing": (b"", "not JSON"),
    "a page": (b"<html>log in</html>", "not JSON"),
    "not text": (b"\xff\xfe", "not text"),
    "a nest": (b"[" * 60_000, "not JSON"),
    "too much": (b" " * 70_000 + b"{}", "not JSON"),
    "a list": (b"[]", "no object"),
    "an empty object": (b"{}", "answers zone 'None', and FR was asked for"),
    "another zone": (hour_of(NOW_S, zone="PL"), "answers zone 'PL'"),
    "a nested zone": (hour_of(NOW_S, zone=[[["x"]]]), "answers zone list"),
    "direct factors": (hour_of(NOW_S, emissionFactorType="direct"), "answers emissionFactorType 'direct'"),
    "five minutes": (hour_of(NOW_S, temporalGranularity="5_minutes"), "temporalGranularity '5_minutes'"),
    "no figure": (hour_of(NOW_S, None), "carbonIntensity is 'None'"),
    "a figure in words": (hour_of(NOW_S, "31"), "carbonIntensity is '31'"),
    "a truth": (hour_of(NOW_S, True), "carbonIntensity is 'True'"),
    "nothing at all": (hour_of(NOW_S, 0), "carbonIntensity is '0'"),
    "less than nothing": (hour_of(NOW_S, -3), "carbonIntensity is '-3'"),
    "milligrams": (hour_of(NOW_S, 31_000), "31000 g/kWh is outside 1 to 1,500 g/kWh"),
    "kilograms": (hour_of(NOW_S, 0.031), "0.031 g/kWh is outside 1 to 1,500 g/kWh"),
    "a number without end": (hour_of(NOW_S, 10**4000), "carbonIntensity is"),
    "no number": (json.dumps(hour_of(NOW_S)).replace("31,", "NaN,").encode(), "carbonIntensity is 'nan'"),
    "infinity": (json.dumps(hour_of(NOW_S)).replace("31,", "1e999,").encode(), "carbonIntensity is 'inf'"),
    "no hour": (hour_of(NOW_S, datetime=None), "states no hour"),
    "an hour in words": (hour_of(NOW_S, datetime="now"), "states no hour: datetime is 'now'"),
    "an hour of no zone": (hour_of(NOW_S, datetime="2026-11-26T10:00:00"), "states no hour"),
    "an hour before time": (hour_of(NOW_S, datetime="0001-01-01T00:00:00+14:00"), "states no hour"),
    "an hour of yesterday": (hour_of(NOW_S - 24 * 3600), "no newer hour than 2026-11-25T10:00Z, 24 h ago"),
    "an hour to come": (hour_of(NOW_S + 2 * 3600), "no newer hour than 2026-11-26T12:00Z, 2 h ahead"),
    "an escape": (hour_of(NOW_S, datetime="\x1b[31m::error::x"), "states no hour"),
    "a sandbox": (hour_of(NOW_S, estimationMethod="SANDBOX_MODE_DATA"), "made up"),
    "a sandbox's word": (hour_of(NOW_S, _disclaimer="You are in Sandbox Mode: \u00fc"), "made up"),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_an_answer_that_is_not_what_was_asked_for_gives_no_figure(grid, case):
    grid.answer, message = GARBAGE[case]
    with pytest.raises(NoFigureError) as caught:
        client(grid).first()

    assert message in caught.value.message
    assert "\x1b" not in caught.value.message
    assert "::error" not in caught.value.message
    assert len(caught.value.message) < 220
    assert len(grid.asked) == 1, "the same question would get the same answer"


def test_a_disclaimer_in_another_script_and_of_no_sandbox_is_ignored(grid):
    grid.answer = json.dumps(hour_of(NOW_S, _disclaimer="\u00a9 Electricity Maps"), ensure_ascii=False).encode()
    assert client(grid).latest().g_per_kwh == 31


def test_the_hour_before_and_one_that_begins_early_are_taken(grid):
    for away_s in (-23 * 3600, 3600 - 1300):
        grid.answer = hour_of(NOW_S + away_s)
        assert client(grid).latest().number == (NOW_S + away_s) // 3600


def test_a_fault_that_passes_is_waited_for_before_a_job_starts(grid):
    answers = iter([500, (429, {"Retry-After": "0"}), hour_of(NOW_S)])
    grid.answer = lambda: next(answers)
    assert client(grid).first().g_per_kwh == 31
    assert len(grid.asked) == 3


def test_a_service_that_stalls_is_given_up(grid, monkeypatch):
    monkeypatch.setattr(electricity_maps, "_TIMEOUT_S", 0.2)
    grid.answer = "stall"
    with pytest.raises(NoFigureError, match=r"cannot be asked: 'timed out' \(zone FR\)"):
        client(grid).first()
    assert len(grid.asked) == 3


def test_a_service_that_is_not_there_is_reported(grid):
    grid.close()
    with pytest.raises(NoFigureError, match="Connection refused"):
        client(grid).first()


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("86400", 3600.0), ("9" * 40, 3600.0), ("Wed, 21 Oct 2026", 0.0), ("-1", 0.0)]
)
def test_the_pause_that_the_service_asks_for_is_kept(grid, header, seconds):
    grid.answer = (429, {"Retry-After": header})
    with pytest.raises(NoFigureError) as caught:
        client(grid).first()
    assert caught.value.wait_s == seconds
    assert len(grid.asked) == (1 if seconds else 3)

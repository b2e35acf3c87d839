"""`--location auto`, against a local HTTP server that speaks the clouds' protocols."""

from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from carbon_lint.errors import PlaceError
from carbon_lint.limits import Machine
from carbon_lint.measurement.grid.location import locate, resolve
from carbon_lint.places import find_place
from tests.effort import busy

AWS = {
    ("PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "60"): "TOKEN",
    ("GET", "/latest/meta-data/placement/region", "X-aws-ec2-metadata-token", "TOKEN"): "eu-west-3",
}
AZURE = {
    ("GET", "/metadata/instance/compute/location?api-version=2021-02-01&format=text", "Metadata", "true"): "eastus2",
}
GCP = {
    ("GET", "/computeMetadata/v1/instance/zone", "Metadata-Flavor", "Google"): "projects/70520/zones/europe-west9-b",
}


@pytest.fixture
def served():
    """`served(answers)` -> base URL. Keys: method, path, header, its value. Anything else is 404."""
    servers = []

    def start(answers):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                for (method, path, header, value), text in answers.items():
                    if (method, path) == (self.command, self.path) and self.headers.get(header) == value:
                        is_redirect = text.startswith("REDIRECT ")
                        self.send_response(302 if is_redirect else 200)
                        if is_redirect:
                            self.send_header("Location", text.removeprefix("REDIRECT "))
                        self.end_headers()
                        self.wfile.write(text.encode())
                        return
                self.send_error(404)

            def do_PUT(self):
                self.do_GET()

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("answers", "code", "name"),
    [
        (AWS, "aws/eu-west-3", "Paris, France"),
        (AZURE, "azure/eastus2", "Virginia, USA"),
        (GCP, "gcp/europe-west9", "Paris, France"),
    ],
)
def test_auto_asks_the_clouds_metadata_service_and_names_what_it_found(served, tmp_path, answers, code, name):
    found = locate((), "runner-1", metadata_url=served(answers), root=tmp_path)
    assert (found.place.code, found.place.name) == (code, name)
    assert code.replace("/", ", region ") in found.how


def test_auto_asks_only_the_cloud_whose_machine_this_is(served, tmp_path):
    vendor = tmp_path / "sys/class/dmi/id/sys_vendor"
    vendor.parent.mkdir(parents=True)
    vendor.write_text("Google\n")
    assert locate((), "n", metadata_url=served(AWS | GCP), root=tmp_path).place.provider == "gcp"
    with pytest.raises(PlaceError):
        locate((), "n", metadata_url=served(AWS), root=tmp_path)


def test_auto_outside_any_cloud_gives_an_error_with_how_to_name_the_place(served, tmp_path):
    with pytest.raises(PlaceError, match="cannot tell where this machine is") as caught:
        locate((), "laptop", metadata_url=served({}), root=tmp_path)
    assert "name the place" in caught.value.hint
    with pytest.raises(PlaceError):
        locate((), "laptop", metadata_url="http://127.0.0.1:1", root=tmp_path)


@pytest.mark.parametrize("text", ["", "<html>captive portal</html>", "EU WEST", "x" * 4000, "a\nb"])
def test_an_answer_that_is_not_a_region_gives_no_place(served, tmp_path, text):
    with pytest.raises(PlaceError):
        locate((), "n", metadata_url=served(dict.fromkeys(AZURE, text)), root=tmp_path)


def test_a_region_that_is_not_known_is_refused_by_name(served, tmp_path):
    with pytest.raises(PlaceError, match="azure/moonbase"):
        locate((), "n", metadata_url=served(dict.fromkeys(AZURE, "moonbase")), root=tmp_path)


def test_auto_does_not_go_through_a_proxy(served, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert locate((), "n", metadata_url=served(AZURE), root=tmp_path).place.code == "azure/eastus2"


def test_auto_gives_up_within_two_seconds_if_there_is_no_answer(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started_s = time.monotonic()
        with pytest.raises(PlaceError):
            locate((), "n", metadata_url=f"http://127.0.0.1:{silent.getsockname()[1]}", root=tmp_path)
        assert time.monotonic() - started_s < 2 * busy()


def test_auto_follows_no_redirect(served, tmp_path):
    path = "/metadata/instance/compute/location?api-version=2021-02-01&format=text"
    elsewhere = served(AZURE)
    here = served({("GET", path, "Metadata", "true"): f"REDIRECT {elsewhere}{path}"})
    with pytest.raises(PlaceError):
        locate((), "n", metadata_url=here, root=tmp_path)


def test_the_first_machine_of_the_configuration_that_matches_wins_and_asks_nobody(tmp_path):
    machines = [
        Machine("gpu-fra-*", "DEU"),
        Machine("gpu-par-*", cpu_power_w=200.0),
        Machine("GPU-PAR-*", "FRA"),
        Machine("*", "USA"),
    ]
    found = locate(machines, "gpu-par-07", metadata_url="http://127.0.0.1:1", root=tmp_path)
    assert found.place == find_place("FRA")
    assert "GPU-PAR-*" in found.how


def test_a_named_place_asks_no_service_and_auto_names_what_it_found():
    assert resolve("FRA", (), "n").how is None
    found = resolve(" AUTO ", [Machine("n", "FRA")], "n")
    assert found.shown.startswith("location: FRA (France), 44.18 g/kWh (life-cycle, 2024")
    assert found.shown.endswith(", by [[machine]] match 'n' of this host, n")


def test_run_with_auto_prints_what_the_configuration_gives(carbon_lint):
    Path("carbon-lint.toml").write_text('[[machine]]\nmatch = "*"\nlocation = "SWE"\n')
    done = carbon_lint("run", "--location", "auto", "--", "true")
    assert done.returncode == 0, done.stderr
    assert "carbon-lint: location: SWE (Sweden), 35.89 g/kWh (life-cycle" in done.stderr

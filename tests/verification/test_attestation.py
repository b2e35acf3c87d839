"""`verify` and a signed record: by `sigstore` itself, against the keys of a Sigstore of our own."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from carbon_lint.card.from_record import card_with_record
from carbon_lint.records.document import BUNDLE, PREDICATE_TYPE, predicate
from carbon_lint.records.record import Energy, Provenance
from carbon_lint.records.store import load_record, write_record
from tests.hub.records import record
from tests.verification.local_sigstore import WORKFLOW, LocalSigstore

CARD = "---\nlicense: mit\n---\n"


@pytest.fixture(scope="module")
def sigstore():
    return LocalSigstore()


@pytest.fixture
def signed(sigstore):
    """A card, its record and who signed it; the function signs something else instead."""
    energy = Energy(total=0.7583, gpu=0.6, cpu=0.1, ram=0.0583)
    write_record(record(emissions_g=0.7583 * 56.04, energy_kwh=energy), "r.json")
    card = card_with_record(CARD.encode(), "README.md", load_record("r.json"))
    Path("README.md").write_bytes(card.after)
    Path("root.json").write_text(sigstore.trusted_root())

    def sign(data=None, kind=PREDICATE_TYPE, signer=sigstore, stated=None, **options):
        data = Path("r.json").read_bytes() if data is None else data
        stated = stated or predicate(load_record("r.json"))
        Path(BUNDLE).write_bytes(signer.bundle(data, kind, stated, **options))

    sign()
    return sign


def verified(cli, *argv):
    argv = argv or ("--trusted-root", "root.json")
    code, out, err = cli("verify", "README.md", "--record", "r.json", *argv, "--format", "json")
    assert not err
    found = json.loads(out)
    return code, {
        kind: " | ".join(each["statement"] for each in found[kind] if each["subject"] == "attestation")
        for kind in ("contradictions", "proven", "only_claimed", "cannot_be_known")
    }


def test_the_workflow_that_signed_the_record_is_named(signed, cli):
    code, found = verified(cli)
    assert (code, found["contradictions"]) == (0, "")
    assert found["proven"] == f"{WORKFLOW} signed this record, file and figures"


def test_whatever_else_was_signed_contradicts(signed, cli):
    """Another file, figure, kind, repository, issuer or certificate authority; a changed bundle."""
    stated = predicate(load_record("r.json"))
    wrong = {
        "another file than this record": {"data": b"{}"},
        "the signed emissions_g is not the record's": {"stated": {**stated, "emissions_g": 1.0}},
        "expected https://carbon-lint.dev/attestations/run@1": {"kind": "https://slsa.dev/provenance/v1"},
        "does not match": {"repository": "mallory/training"},
        "OIDCIssuer does not match": {"issuer": "https://mallory.example"},
        "it is not valid": {"signer": LocalSigstore()},
    }
    for words, options in wrong.items():
        signed(**options)
        code, found = verified(cli)
        assert (code, found["proven"]) == (1, ""), words
        assert words in found["contradictions"]


def test_a_bundle_that_was_changed_anywhere_is_not_valid(signed, cli):
    document = json.loads(Path(BUNDLE).read_text())
    entry = document["verificationMaterial"]["tlogEntries"][0]
    envelope = document["dsseEnvelope"]
    for holder, name in (
        *((envelope, "payload"), (envelope["signatures"][0], "sig"), (entry, "canonicalizedBody")),
        *((entry, "integratedTime"), (entry["inclusionProof"], "rootHash")),
        (entry["inclusionPromise"], "signedEntryTimestamp"),
    ):
        before = holder[name]
        at = len(before) // 2
        holder[name] = before[:at] + ("1" if before[at] != "1" else "2") + before[at + 1 :]
        Path(BUNDLE).write_text(json.dumps(document))
        code, found = verified(cli)
        assert (code, found["proven"]) == (1, ""), name
        holder[name] = before
    for material in ([], 1, {"tlogEntries": 1}, {"tlogEntries": [{}]}):
        Path(BUNDLE).write_text(json.dumps({**document, "verificationMaterial": material}))
        assert verified(cli)[0] == 1, material
    for text in ("", "{}", "[1]", '{"mediaType": 1}', "\0", '{"a":' * 5000):
        Path(BUNDLE).write_text(text)
        assert verified(cli)[0] == 1, text[:20]


def test_what_cannot_be_checked_is_reported_and_contradicts_nothing(signed, cli, monkeypatch):
    """No network, and no `sigstore`."""
    from sigstore import errors, verify

    def no_network(**_):
        raise errors.TUFError("Failed to refresh TUF metadata")

    monkeypatch.setattr(verify.Verifier, "production", no_network)
    code, found = verified(cli, "--revision", "main")
    assert (code, found["proven"]) == (0, "")
    assert "the public Sigstore's keys could not be had" in found["cannot_be_known"]
    document = json.loads(Path(BUNDLE).read_text())
    document["verificationMaterial"]["tlogEntries"] = []
    Path(BUNDLE).write_text(json.dumps(document))
    assert "as of a private repository" in verified(cli)[1]["cannot_be_known"]
    signed(data=b"{}")
    assert verified(cli, "--revision", "main")[0] == 1, "of another file, whoever signed it"
    signed()
    monkeypatch.setitem(sys.modules, "sigstore.verify", None)
    assert "carbon-lint[attest]" in verified(cli)[1]["cannot_be_known"]


def test_a_record_without_a_repository_is_signed_by_somebody(signed, cli):
    write_record(replace(load_record("r.json"), provenance=Provenance()), "r.json")
    Path("README.md").write_bytes(card_with_record(CARD.encode(), "README.md", load_record("r.json")).after)
    signed()
    code, found = verified(cli)
    assert (code, found["proven"]) == (0, "")
    assert f"{WORKFLOW} signed it" in found["only_claimed"]


def test_an_invalid_trusted_root_is_refused(signed, cli):
    for name in ("README.md", "gone.json"):
        code, _, err = cli("verify", "README.md", "--record", "r.json", "--trusted-root", name)
        assert (code, f"{name} is not a trusted root" in err) == (2, True)

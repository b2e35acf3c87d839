"""Verify who signed a record: a Sigstore bundle of an in-toto statement, by `sigstore`, of the extra `attest`.

GitHub's `actions/attest` makes such bundles. The certificate in one names the workflow that signed, its repository and
commit; a transparency log shows when.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Iterator
from typing import Any

from carbon_lint.errors import InputError
from carbon_lint.project import install_hint
from carbon_lint.records.document import PREDICATE_TYPE, predicate
from carbon_lint.records.record import Record
from carbon_lint.report.verification import EvidencePart, Statement

GITHUB = "https://token.actions.githubusercontent.com"
IN_TOTO = "application/vnd.in-toto+json"
_ATTESTATION = EvidencePart.ATTESTATION
_UNREADABLE = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a bundle that somebody made up raises in the parsers of JSON, certificates and time stamps."""
_SHOWN = 200  # characters of a library's message


class _UncheckedError(Exception):
    """The attestation could not be checked, so it is unknown whether it holds."""


def check_attestation(bundle: bytes, record: Record, data: bytes, trusted_root: str | None) -> Iterator[Statement]:
    """Yield what a Sigstore bundle proves of a record whose file holds `data`.

    `trusted_root` is the path of a trusted root's JSON; `None` takes that of the public Sigstore, over the network.
    Raises InputError if it cannot be read.
    """
    wrong = _difference(bundle, record, data)  # also if the signature's owner cannot be looked up
    if wrong is not None:
        yield _ATTESTATION.contradicted(wrong)
        return
    try:
        signer = _verified(bundle, record.provenance.repository, trusted_root)
    except _UncheckedError as error:
        yield _ATTESTATION.unknown(f"who signed the record: {error}")
        return
    except ValueError as error:
        yield _ATTESTATION.contradicted(f"it is not valid: {str(error)[:_SHOWN]}")
        return
    if record.provenance.repository is None:
        yield _ATTESTATION.claimed(f"{signer} signed it; the record names no repository to compare")
    else:
        yield _ATTESTATION.proven(f"{signer} signed this record, file and figures")
    yield _ATTESTATION.unknown("whether whoever can change that workflow made it tell the truth")


def _verified(bundle: bytes, repository: str | None, trusted_root: str | None) -> str:
    """Return who signed the statement. Raises ValueError if the signature does not hold, _UncheckedError."""
    try:
        from sigstore.errors import Error  # noqa: PLC0415  of an extra, and a second to import
        from sigstore.models import Bundle  # noqa: PLC0415
        from sigstore.verify import policy  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _UncheckedError(f"{error.name} is not installed ({install_hint('attest')})") from error
    material = json.loads(bundle).get("verificationMaterial")
    if isinstance(material, dict) and not material.get("tlogEntries"):
        raise _UncheckedError("it is in no public log, as of a private repository; `gh attestation verify` asks GitHub")
    verifier = _verifier(trusted_root)
    checks: list[Any] = [policy.OIDCIssuer(GITHUB)]
    if repository is not None:
        checks.append(policy.GitHubWorkflowRepository(repository))
    try:
        read = Bundle.from_json(bundle)
        kind, payload = verifier.verify_dsse(read, policy.AllOf(checks))
        signer = _signer(read.signing_certificate)
    except Error as error:
        raise ValueError(str(error)) from error
    except _UNREADABLE as error:
        raise ValueError(f"it cannot be read: {type(error).__name__}") from error
    if payload != _payload(bundle):
        raise ValueError("it states two things, and only one of them is signed")
    if kind != IN_TOTO:
        raise ValueError(f"it signs {kind!r}, expected {IN_TOTO}")
    return signer


def _verifier(trusted_root: str | None) -> Any:
    from sigstore.errors import Error  # noqa: PLC0415
    from sigstore.models import TrustedRoot  # noqa: PLC0415
    from sigstore.verify import Verifier  # noqa: PLC0415

    logging.getLogger("sigstore").setLevel(logging.ERROR)
    if trusted_root is None:
        try:
            return Verifier.production()
        except (Error, OSError) as error:
            raise _UncheckedError(
                f"the public Sigstore's keys could not be had ({error}); --trusted-root names a file of keys"
            ) from error
    try:
        return Verifier(trusted_root=TrustedRoot.from_file(trusted_root))
    except (Error, OSError, ValueError) as error:
        raise InputError(
            f"{trusted_root} is not a trusted root of Sigstore: {str(error)[:_SHOWN]}",
            hint="name a file like Sigstore's trusted_root.json, or leave the option out to take that",
        ) from error


def _signer(certificate: Any) -> str:
    """Return the workflow that the certificate was made out to: its address with branch or tag."""
    from cryptography.x509 import SubjectAlternativeName, UniformResourceIdentifier  # noqa: PLC0415

    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    return ", ".join(names.get_values_for_type(UniformResourceIdentifier)) or "nobody that it names"


def _payload(bundle: bytes) -> bytes:
    """Return the statement in a bundle. Raises KeyError, TypeError, ValueError, RecursionError if there is none."""
    return base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"], validate=True)


def _difference(bundle: bytes, record: Record, data: bytes) -> str | None:
    """Return what the signed statement has otherwise than the record; `None` if it is of this record."""
    try:
        statement = json.loads(_payload(bundle))
        digests = [subject["digest"]["sha256"] for subject in statement["subject"]]
        kind, signed = statement["predicateType"], statement["predicate"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        return f"it is not a Sigstore bundle with an in-toto statement: {type(error).__name__}"
    if kind != PREDICATE_TYPE:
        return f"it states a {kind!r}, expected {PREDICATE_TYPE}"
    if hashlib.sha256(data).hexdigest() not in digests:
        return "it was signed for another file than this record"
    expected = json.loads(json.dumps(predicate(record)))
    names = [name for name in expected if not isinstance(signed, dict) or signed.get(name) != expected[name]]
    return f"the signed {names[0]} is not the record's" if names else None

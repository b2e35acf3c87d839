"""A Sigstore of this test's own: certificate authority, certificate log, transparency log, and a signer of statements.

What it makes is checked by `sigstore` as what the public one makes: chain, embedded time stamp, log entry, checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from datetime import UTC, datetime, timedelta

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ISSUER = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/acme/training/.github/workflows/train.yml@refs/heads/main"
_ISSUER_OID, _REPOSITORY_OID = (x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}") for number in (1, 5))
_SCTS_OID = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_NAME = "sigstore.test"


def _b64(data):
    return base64.b64encode(data).decode()


def _public(key, encoding=serialization.Encoding.DER):
    return key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def _sign(key, data):
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


class LocalSigstore:
    """One set of keys; `trusted_root` is its JSON, and `bundle` signs a statement as a GitHub workflow would."""

    def __init__(self):
        self._ca, self._ct, self._rekor = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self._now = datetime.now(UTC).replace(microsecond=0)
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, _NAME)])
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
        )
        self._usage = {**usage, "decipher_only": False, "crl_sign": False}
        self._authority = (
            self._builder(name, name, self._ca, days=3650)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(digital_signature=False, key_cert_sign=True, **self._usage), critical=True)
            .sign(self._ca, hashes.SHA256())
        )

    def _builder(self, subject, issuer, key, *, days=0):
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=days, minutes=5))
            .not_valid_after(self._now + timedelta(days=days, minutes=5))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )

    def trusted_root(self):
        """Return the keys, in the form in which Sigstore publishes its own."""
        since = {"start": "2020-01-01T00:00:00Z"}

        def log(key):
            spki = _public(key)
            return {
                "baseUrl": f"https://{_NAME}", "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": _b64(spki), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since},
                "logId": {"keyId": _b64(hashlib.sha256(spki).digest())},
            }  # fmt: skip

        chain = [{"rawBytes": _b64(self._authority.public_bytes(serialization.Encoding.DER))}]
        authority = {
            "subject": {"organization": _NAME, "commonName": _NAME}, "uri": f"https://{_NAME}",
            "certChain": {"certificates": chain}, "validFor": since,
        }  # fmt: skip
        document = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self._rekor)], "certificateAuthorities": [authority], "ctlogs": [log(self._ct)],
            "timestampAuthorities": [],
        }  # fmt: skip
        return json.dumps(document)

    def bundle(self, data, predicate_type, predicate, *, repository="acme/training", issuer=ISSUER):
        """Return the signed statement about a file of these bytes."""
        subject = [{"name": "r.json", "digest": {"sha256": hashlib.sha256(data).hexdigest()}}]
        statement = {
            "_type": "https://in-toto.io/Statement/v1", "subject": subject,
            "predicateType": predicate_type, "predicate": predicate,
        }  # fmt: skip
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(key, repository, issuer)
        payload, kind = json.dumps(statement).encode(), b"application/vnd.in-toto+json"
        signature = _sign(key, b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
        envelope = {"payload": _b64(payload), "payloadType": kind.decode(), "signatures": [{"sig": _b64(signature)}]}
        material = {
            "certificate": {"rawBytes": _b64(certificate.public_bytes(serialization.Encoding.DER))},
            "tlogEntries": [self._entry(certificate, payload, envelope)],
        }
        media = "application/vnd.dev.sigstore.bundle.v0.3+json"
        return json.dumps({"mediaType": media, "verificationMaterial": material, "dsseEnvelope": envelope}).encode()

    def _certificate(self, key, repository, issuer):
        """Return the certificate of a workflow, with the time stamp of the certificate log in it."""
        uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._ca.public_key())
        builder = (
            self._builder(x509.Name([]), self._authority.subject, key)
            .add_extension(authority, critical=False)
            .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=False, **self._usage), critical=True)
            .add_extension(uses, critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(WORKFLOW)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_OID, issuer.encode()), critical=False)
            .add_extension(x509.UnrecognizedExtension(_REPOSITORY_OID, repository.encode()), critical=False)
        )
        before = builder.sign(self._ca, hashes.SHA256()).tbs_certificate_bytes
        stamp_ms = int(self._now.timestamp() * 1000)
        entry = hashlib.sha256(_public(self._ca)).digest() + len(before).to_bytes(3, "big") + before
        signature = _sign(self._ct, struct.pack("!BBQH", 0, 0, stamp_ms, 1) + entry + struct.pack("!H", 0))
        log = hashlib.sha256(_public(self._ct)).digest()
        stamp = struct.pack("!B32sQHBBH", 0, log, stamp_ms, 0, 4, 3, len(signature)) + signature
        stamps = struct.pack("!HH", len(stamp) + 2, len(stamp)) + stamp
        octets = bytes([4, len(stamps)]) if len(stamps) < 128 else bytes([4, 0x81, len(stamps)])
        return builder.add_extension(x509.UnrecognizedExtension(_SCTS_OID, octets + stamps), critical=False).sign(
            self._ca, hashes.SHA256()
        )

    def _entry(self, certificate, payload, envelope):
        """Return the entry of the transparency log, which is the only one in it."""
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        signatures = [{"signature": envelope["signatures"][0]["sig"], "verifier": _b64(pem)}]
        digests = {
            name: {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}
            for name, data in (("envelopeHash", json.dumps(envelope).encode()), ("payloadHash", payload))
        }
        body = rfc8785.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": {**digests, "signatures": signatures}})
        log = hashlib.sha256(_public(self._rekor)).digest()
        at = int(self._now.timestamp())
        promise = rfc8785.dumps({"body": _b64(body), "integratedTime": at, "logID": log.hex(), "logIndex": 0})
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"{_NAME}\n1\n{_b64(root)}\n"
        checkpoint = f"{note}\n\N{EM DASH} {_NAME} {_b64(log[:4] + _sign(self._rekor, note.encode()))}\n"
        return {
            "logIndex": "0", "logId": {"keyId": _b64(log)}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(at), "canonicalizedBody": _b64(body),
            "inclusionPromise": {"signedEntryTimestamp": _b64(_sign(self._rekor, promise))},
            "inclusionProof": {
                "logIndex": "0", "rootHash": _b64(root), "treeSize": "1", "hashes": [],
                "checkpoint": {"envelope": checkpoint},
            },
        }  # fmt: skip

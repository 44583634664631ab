"""What a coordinator says of a version when it hands it out, signed: ``signature.json`` beside the version's files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from fedcare.errors import BadSignature, UntrustedVersion
from fedcare.plan import canonical_json
from fedcare.registry.version import MANIFEST, Version

SIGNATURE = "signature.json"


def statement(version: Version, run: str, activate: bool, sequence: int) -> dict[str, Any]:
    """What is signed. ``hash`` is over the manifest, which holds the hashes of all files.

    ``sequence`` grows with each release, so that an old one cannot pass for the newest.
    """
    return {
        "name": version.name,
        "task": version.task.name,
        "hash": hashlib.sha256((version.directory / MANIFEST).read_bytes()).hexdigest(),
        "plan_hash": version.plan.hash,
        "run": run,
        "activate": activate,
        "sequence": sequence,
    }


def signed(said: dict[str, Any], sign: Callable[[bytes], str], certificate: str) -> dict[str, Any]:
    """The statement with its signature (base64) and the certificate (PEM) that it can be checked with."""
    return {"certificate": certificate, "signature": sign(canonical_json(said).encode()), "statement": said}


def said_of(text: str, name: str, verify: Callable[[bytes, str, bytes], None]) -> dict[str, Any]:
    """The statement in the text of a version's ``signature.json``, once ``verify`` has found its signature good.

    ``verify(certificate, signature, data)`` raises BadSignature. Raises UntrustedVersion, which names the version.
    """
    try:
        signature = json.loads(text)
        said: dict[str, Any] = dict(signature["statement"])
        verify(signature["certificate"].encode(), signature["signature"], canonical_json(said).encode())
    except BadSignature as error:
        raise UntrustedVersion(version=name, reason=str(error.details["reason"])) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UntrustedVersion(version=name, reason=f"{SIGNATURE} is not well formed") from error
    return said

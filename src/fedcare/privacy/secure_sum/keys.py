"""Keys of one agreement, what is derived from them, and how an institution proves that they are its own."""

from __future__ import annotations

import json
from typing import Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fedcare.errors import SecureSumFailed
from fedcare.privacy.secure_sum.wire import Keys

KEY_BYTES = 32
# Every key that seals is derived for one message of one sender to one recipient, so a fixed nonce never repeats.
_NONCE = bytes(12)


class Signer(Protocol):
    """An institution's lasting key, by which the others know it."""

    @property
    def name(self) -> str:
        """The institution."""
        ...

    @property
    def certificate(self) -> bytes:
        """What the consortium's authority says of the key (PEM)."""
        ...

    def sign(self, data: bytes) -> bytes:
        """A signature that ``Peers.verify`` accepts together with the certificate."""
        ...


class Peers(Protocol):
    """Whom an institution takes for which other institution."""

    def verify(self, name: str, certificate: bytes, signature: bytes, data: bytes) -> None:
        """Raise SecureSumFailed unless the institution of that name signed these bytes."""
        ...


def tag(*parts: str | int) -> bytes:
    """What a key or a signature is for, unmistakably: no two lists of parts give the same bytes."""
    return json.dumps(["fedcare secure sum 1", *parts], separators=(",", ":")).encode()


def derived(secret: bytes, *purpose: str | int) -> bytes:
    """A key of 32 bytes for one purpose (HKDF with SHA-256, RFC 5869)."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=tag(*purpose)).derive(secret)


def agreed(private: X25519PrivateKey, public: bytes, *purpose: str | int) -> bytes:
    """The key for one purpose that the owner of ``public`` derives as well (X25519, RFC 7748)."""
    try:
        return derived(private.exchange(X25519PublicKey.from_public_bytes(public)), *purpose)
    except ValueError as error:
        raise SecureSumFailed(reason="a key of another institution is none") from error


def pair_seed(private: X25519PrivateKey, public: bytes, own: str, other: str, *purpose: str | int) -> bytes:
    """The seed of the masks that two institutions share, equal on both sides."""
    return agreed(private, public, "pair", *sorted((own, other)), *purpose)


def pair_sign(own: str, other: str) -> int:
    """Whether ``own`` adds (1) the keystream that it shares with ``other``, or takes it away (-1)."""
    return 1 if own < other else -1


def self_seed(secret: bytes, own: str, *purpose: str | int) -> bytes:
    """The seed of an institution's mask of its own."""
    return derived(secret, "self", own, *purpose)


def seal(key: bytes, data: bytes, *purpose: str | int) -> bytes:
    """Encrypt and authenticate the one message of this key (ChaCha20-Poly1305, RFC 8439)."""
    return ChaCha20Poly1305(key).encrypt(_NONCE, data, tag(*purpose))


def unseal(key: bytes, data: bytes, *purpose: str | int) -> bytes:
    """The message; raises SecureSumFailed where somebody changed it, or it was for somebody else."""
    try:
        return ChaCha20Poly1305(key).decrypt(_NONCE, data, tag(*purpose))
    except InvalidTag as error:
        raise SecureSumFailed(reason="shares were changed on their way") from error


def private_of(secret: bytes) -> X25519PrivateKey:
    """The private key that 32 secret bytes are."""
    return X25519PrivateKey.from_private_bytes(secret)


def said(keys: Keys, session: str, scope: str) -> bytes:
    """What an institution signs: these keys are mine, for this agreement under this plan."""
    public = (keys.sealing, keys.signing, *keys.masking)
    return tag("keys", session, scope, keys.name, *(key.hex() for key in public))


def check_keys(keys: Keys, peers: Peers, session: str, scope: str, sums: int) -> None:
    """Raise SecureSumFailed unless the institution itself made these keys for this agreement."""
    public = (keys.sealing, keys.signing, *keys.masking)
    if {len(key) for key in public} != {KEY_BYTES} or len(keys.masking) != sums:
        raise SecureSumFailed(reason=f"the keys of {keys.name} are none, or not as many as sums")
    peers.verify(keys.name, keys.certificate, keys.signature, said(keys, session, scope))


def has_signed(keys: Keys, signature: bytes, data: bytes) -> bool:
    """Whether the owner of the keys signed these bytes (Ed25519, RFC 8032)."""
    try:
        Ed25519PublicKey.from_public_bytes(keys.signing).verify(signature, data)
    except InvalidSignature:
        return False
    return True


class AgreementKeys:
    """An institution's private keys for one agreement over ``sums`` sums: made for it, and forgotten with it."""

    def __init__(self, sums: int) -> None:
        self._sealing = X25519PrivateKey.generate()
        self._signing = Ed25519PrivateKey.generate()
        self._masking = [X25519PrivateKey.generate() for _ in range(sums)]

    def public(self, signer: Signer, session: str, scope: str) -> Keys:
        """Their public halves, signed with the institution's lasting key."""
        keys = Keys(
            name=signer.name,
            sealing=self._sealing.public_key().public_bytes_raw(),
            signing=self._signing.public_key().public_bytes_raw(),
            masking=tuple(key.public_key().public_bytes_raw() for key in self._masking),
            certificate=signer.certificate,
        )
        return keys.model_copy(update={"signature": signer.sign(said(keys, session, scope))})

    def sign(self, data: bytes) -> bytes:
        """A signature that counts within the agreement."""
        return self._signing.sign(data)

    def sealing_key(self, other: Keys, *purpose: str | int) -> bytes:
        """The key for one sealed message between this institution and another."""
        return agreed(self._sealing, other.sealing, "seal", *purpose)

    def masking_secret(self, place: int) -> bytes:
        """The private key of one sum's masks, 32 bytes, to be shared."""
        return self._masking[place].private_bytes_raw()

    def pair_seed(self, place: int, own: str, other: Keys, *purpose: str | int) -> bytes:
        """The seed of the masks that this institution shares with another in one sum."""
        return pair_seed(self._masking[place], other.masking[place], own, other.name, *purpose)

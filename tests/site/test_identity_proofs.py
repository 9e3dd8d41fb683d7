"""Proofs of identity: what holds, and that nothing else does."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import Settings

from chatwidget import tokens
from chatwidget.conf import Secret
from chatwidget.errors import CloseCode, CloseConnection
from chatwidget.tokens import VerifiedIdentity, verify_identity

SECRET = "the shop's own secret, 0123456789"
HOUR = 3600


def proof_of(identity: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), identity.encode(), hashlib.sha256).hexdigest()


def claims(**changes: Any) -> dict[str, Any]:
    said = {"sub": "42", "exp": int(time.time()) + HOUR, **changes}
    return {name: value for name, value in said.items() if value is not None}


def a_jwt(secret: Any = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), secret, algorithm=algorithm)


def refused(identity: str, proof: str, secret: str = SECRET, slug: str = "shop") -> str:
    """Why it is, in no words of the proof's own."""
    with pytest.raises(CloseConnection) as caught:
        verify_identity(identity, proof, slug, Secret(secret))
    assert caught.value.close_code == CloseCode.UNAUTHORIZED
    why = str(caught.value)
    assert len(why) < 200
    assert not proof.strip() or proof not in why
    return why


class Pair:
    """A key of the embedding site: it signs with one half, and tells the other."""

    def __init__(self, private: Any) -> None:
        self.private = private
        public = private.public_key()
        self.public = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.private_pem = private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode()


@pytest.fixture(scope="module")
def rs256() -> Pair:
    return Pair(rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def eddsa() -> Pair:
    return Pair(ed25519.Ed25519PrivateKey.generate())


def test_an_hmac_of_the_id() -> None:
    for identity in ("42", "jürgen@shop.example", "日本", "x" * 200):
        found = verify_identity(identity, proof_of(identity), "shop", Secret(SECRET))
        assert found == VerifiedIdentity(identity)


@pytest.mark.parametrize(
    "proof",
    [
        "",
        " ",
        "0" * 64,
        proof_of("43"),
        proof_of("42", "another secret, 0123456789"),
        proof_of("42").upper(),
        proof_of("42")[:-1],
        proof_of("42") + "0",
        proof_of("42") + "\n",
        hashlib.sha256(b"42").hexdigest(),
        "null",
        "é",
        "\ud800",
        "a.b.c",
        "..",
        "a:b:c",
        "[" * 60_000,
    ],
)
def test_what_is_no_proof(proof: str) -> None:
    refused("42", proof)


@pytest.mark.parametrize("identity", ["", "x" * 201, "a\0b", "\ud800"])
def test_what_is_no_id(identity: str) -> None:
    try:
        proof = proof_of(identity)
    except UnicodeEncodeError:
        proof = "0" * 64
    refused(identity, proof)


def test_a_jwt() -> None:
    found = verify_identity("42", a_jwt(name="Ada", email="ada@shop.example"), "shop", key())
    assert found == VerifiedIdentity("42", "Ada", "ada@shop.example")
    assert verify_identity("", a_jwt(), "shop", key()).id == "42"
    for audience in ("shop", ["other", "shop"]):
        assert verify_identity("42", a_jwt(aud=audience), "shop", key()).id == "42"
    assert verify_identity("42", a_jwt(name=["x"], email=1), "shop", key()).name == ""


def key(text: str = SECRET) -> Secret:
    return Secret(text)


def unsigned(header: dict[str, Any], **changes: Any) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims(**changes)))
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


def test_what_a_jwt_must_say() -> None:
    for changes in (
        {"exp": None},
        {"exp": int(time.time()) - HOUR},
        {"exp": "soon"},
        {"sub": None},
        {"sub": "43"},
        {"sub": 42},
        {"nbf": int(time.time()) + HOUR},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": 1},
    ):
        try:
            proof = a_jwt(**changes)
        except TypeError:  # PyJWT makes none whose `sub` is no text
            proof = jwt.api_jws.encode(json.dumps(claims(**changes)).encode(), SECRET)
        refused("42", proof)
    assert verify_identity("42", a_jwt(exp=int(time.time()) - 10), "shop", key()), "clocks differ"


def test_the_secret_says_which_algorithm_not_the_jwt(rs256: Pair, eddsa: Pair) -> None:
    assert verify_identity("42", a_jwt(rs256.private, "RS256"), "shop", key(rs256.public))
    assert verify_identity("42", a_jwt(eddsa.private, "EdDSA"), "shop", key(eddsa.public))
    for proof in (
        unsigned({"alg": "none"}),
        unsigned({"alg": "None", "typ": "JWT"}),
        unsigned({"alg": "HS256"}),
        a_jwt(SECRET.ljust(64, "\0"), "HS512"),  # as an HMAC fills it up
        a_jwt(rs256.private, "RS256"),
        a_jwt("another secret, as long as it should be, 0123456789"),
    ):
        refused("42", proof)
    for proof in (
        a_jwt(),
        a_jwt(rs256.private, "RS512"),
        a_jwt(rs256.private, "PS256"),
        a_jwt(eddsa.private, "EdDSA"),
        proof_of("42", rs256.public),
        signed_with_the_public_key(rs256.public),
    ):
        refused("42", proof, rs256.public)


def signed_with_the_public_key(public: str) -> str:
    """As if what everybody may know were the secret of an HMAC."""
    signed = unsigned({"alg": "HS256", "typ": "JWT"}).removesuffix(".")
    signature = hmac.new(public.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_our_own_proof(settings: Settings) -> None:
    person = VerifiedIdentity("42", "Ada: the first", "ada@shop.example")
    proof = tokens.own_proof("shop", person)
    assert verify_identity("42", proof, "shop", Secret()) == person
    assert verify_identity("42", proof, "shop", key()) == person
    refused("43", proof)
    refused("42", proof, slug="other")
    refused("42", proof + "x")
    refused("42", tokens.visitor_token(uuid4(), 1))
    later = time.time() + tokens.OWN_PROOF_SECONDS + 1
    with patch("django.core.signing.time.time", return_value=later):
        refused("42", proof)
    settings.SECRET_KEY = "another one, also long enough to be a secret key of some kind"
    refused("42", proof)


@example("")
@example(proof_of("42"))
@given(st.text())
def test_any_text_proves_nothing(proof: str) -> None:
    refused("43", proof)


def test_secrets_that_proofs_may_be_made_with(rs256: Pair, eddsa: Pair) -> None:
    for fits in (SECRET, "x" * 16, rs256.public, eddsa.public):
        tokens.check_identity_secret(Secret(fits))
    small = Pair(rsa.generate_private_key(65537, 1024))
    curve = Pair(ec.generate_private_key(ec.SECP256R1()))
    for wrong in (
        *("", "x" * 15, small.public, curve.public, rs256.private_pem, eddsa.private_pem),
        *("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----", "-----BEGIN"),
    ):
        with pytest.raises(ValueError) as caught:
            tokens.check_identity_secret(Secret(wrong))
        assert not wrong or wrong not in str(caught.value)


def test_a_person_is_one_visitor_of_a_widget_and_no_other() -> None:
    visitor = tokens.verified_visitor(1, "42")
    assert visitor == tokens.verified_visitor(1, "42")
    assert visitor != tokens.verified_visitor(2, "42")
    assert visitor != tokens.verified_visitor(1, "43")
    assert tokens.verified_visitor(1, "1:2") != tokens.verified_visitor(11, "2")
    assert tokens.is_verified(visitor)
    assert not tokens.is_verified(uuid4())

"""Judges an assertion by itself: its signature twice, by jwcrypto and by joserfc, then its header and its claims.

Trusts the certificate it is given and the local clock. What Entra asks is in "Microsoft identity platform application
authentication certificate credentials"; compact form and algorithms are RFC 7515 and RFC 7518. Never talks to a server.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import time

import joserfc.errors
import joserfc.jwk
import joserfc.jws
import jwcrypto.common
import jwcrypto.jwk
import jwcrypto.jws
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

import verdict

ALGORITHMS = ("PS256", "RS256", "ES256")
MAX_LIFETIME_SECONDS = 600


class Objection(Exception):
    """What is wrong with the assertion, in words."""


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--certificate", required=True, type=pathlib.Path, help="the connector's certificate, PEM")
    options.add_argument("--assertion", required=True, type=pathlib.Path, metavar="FILE", help="file with the assertion")
    options.add_argument("--algorithm", choices=ALGORITHMS, help="algorithm it must have (default: any of these)")
    options.add_argument("--client-id", help="client id that iss and sub must be")
    options.add_argument("--audience", help="audience it must have")
    args = options.parse_args()
    assertion = args.assertion.read_text(encoding="ascii").strip()
    try:
        header, claims = judge(args, assertion)
    except Objection as error:
        verdict.refused("judge_jws", str(error))
    verdict.confirmed("jwcrypto+joserfc", {"header": header, "claims": claims})


def judge(args, assertion):
    certificate = x509.load_pem_x509_certificate(args.certificate.read_bytes())
    header, claims = (decode(part) for part in split(assertion)[:2])
    algorithms = [args.algorithm] if args.algorithm else list(ALGORITHMS)
    jwcrypto_verifies(certificate, assertion, algorithms)
    joserfc_verifies(certificate, assertion, algorithms)
    judge_header(header, certificate)
    judge_names(claims, args)
    judge_times(claims, time.time())
    return header, claims


def split(assertion):
    parts = assertion.split(".")
    require(len(parts) == 3, "an assertion has three parts")
    require("=" not in assertion, "base64url in a JWS has no padding")
    return parts


def decode(part):
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError as error:
        raise Objection(f"header or claims are not JSON in base64url: {error}") from error


def jwcrypto_verifies(certificate, assertion, algorithms):
    key = jwcrypto.jwk.JWK.from_pem(certificate.public_bytes(serialization.Encoding.PEM))
    token = jwcrypto.jws.JWS()
    token.allowed_algs = algorithms
    try:
        token.deserialize(assertion, key)
    except jwcrypto.common.JWException as error:
        raise Objection(f"jwcrypto: {error}") from error


def joserfc_verifies(certificate, assertion, algorithms):
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    pem = certificate.public_key().public_bytes(*form)
    kind = "EC" if isinstance(certificate.public_key(), EllipticCurvePublicKey) else "RSA"
    key = joserfc.jwk.import_key(pem, kind)
    try:
        joserfc.jws.deserialize_compact(assertion, key, algorithms=algorithms)
    except (joserfc.errors.JoseError, ValueError) as error:
        raise Objection(f"joserfc: {error}") from error


def judge_header(header, certificate):
    member, algorithm = ("x5t", hashlib.sha1) if header["alg"] == "RS256" else ("x5t#S256", hashlib.sha256)
    require(set(header) == {"alg", "typ", member}, f"the header has other fields than alg, typ and {member}: {sorted(header)}")
    require(header["typ"] == "JWT", "typ must be JWT")
    digest = algorithm(certificate.public_bytes(serialization.Encoding.DER)).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
    require(header[member] == expected, f"{member} is {header[member]}, the certificate's is {expected}")


def judge_names(claims, args):
    for name in ("aud", "iss", "sub", "jti"):
        require(isinstance(claims.get(name), str) and claims[name], f"{name} must be a string")
    require(claims["iss"] == claims["sub"], "iss and sub must be the same client id")
    require(args.client_id in (None, claims["sub"]), f"sub is {claims['sub']}, not {args.client_id}")
    require(args.audience in (None, claims["aud"]), f"aud is {claims['aud']}, not {args.audience}")


def judge_times(claims, now):
    for name in ("nbf", "iat", "exp"):
        require(type(claims.get(name)) is int, f"{name} must be an integer")
    require(claims["nbf"] <= now < claims["exp"], "the assertion is not valid now")
    require(claims["iat"] <= now, "iat is in the future")
    lifetime = claims["exp"] - claims["nbf"]
    require(lifetime <= MAX_LIFETIME_SECONDS, f"a lifetime of {lifetime} s is more than {MAX_LIFETIME_SECONDS} s")


def require(holds, objection):
    if not holds:
        raise Objection(objection)


if __name__ == "__main__":
    main()

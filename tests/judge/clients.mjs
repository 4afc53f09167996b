// The clients of the judge, and what Entra asks of an assertion beyond RFC 7523.
//
// Holds the clients file, read anew for each request so that a certificate made after the judge started counts.
// Decides whether header and claims are as Entra wants them ("Microsoft identity platform application
// authentication certificate credentials"): oidc-provider alone looks at neither typ nor the thumbprint, which is x5t (SHA-1)
// with RS256 and x5t#S256 with the others, and never both. It trusts the
// file, and never sees a private key.

import { createHash, constants, verify, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

// Entra's advice is 5 to 10 minutes; longer is refused here so that a lifetime gone wrong shows.
const MAX_LIFETIME_SECONDS = 600;

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const SIGNATURE = { PS256: PSS, RS256: { padding: constants.RSA_PKCS1_PADDING }, ES256: { dsaEncoding: 'ieee-p1363' } };

export class Clients {
  #file;

  #scope;

  constructor(file, scope) {
    this.#file = file;
    this.#scope = scope;
    this.#entries();
  }

  // oidc-provider's adapter for its model "Client".
  async find(id) {
    const entry = this.#entry(id);
    return entry && {
      client_id: id,
      grant_types: ['client_credentials'],
      // No id token is ever made, yet it must name an algorithm that the judge's own key has.
      id_token_signed_response_alg: 'ES256',
      redirect_uris: [],
      response_types: [],
      scope: this.#scope,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: entry.alg,
      jwks: { keys: entry.certificates.map((certificate) => publicJwk(certificate, entry.alg)) },
    };
  }

  // Why Entra would refuse an assertion that oidc-provider has already verified, or undefined.
  objection(id, assertion, header, claims) {
    const [member, digest, other] = header.alg === 'RS256' ? ['x5t', 'sha1', 'x5t#S256'] : ['x5t#S256', 'sha256', 'x5t'];
    const certificate = this.#entry(id).certificates.find((one) => thumbprint(one, digest) === header[member]);
    if (header.typ !== 'JWT') return 'typ must be JWT';
    if (other in header) return `${other} does not go with ${header.alg}`;
    if (!certificate) return `${member} names no certificate of the client`;
    if (!signedBy(certificate, header.alg, assertion)) return `${member} names another certificate than the one that signed`;
    return timesObjection(claims);
  }

  #entry(id) {
    return this.#entries().get(id);
  }

  #entries() {
    const list = JSON.parse(readFileSync(this.#file, 'utf8'));
    return new Map(list.map(({ client_id, certificate, alg }) => [
      client_id,
      { alg, certificates: [certificate].flat().map((path) => new X509Certificate(readFileSync(path))) },
    ]));
  }
}

function publicJwk(certificate, alg) {
  return {
    ...certificate.publicKey.export({ format: 'jwk' }),
    alg,
    use: 'sig',
    x5c: [certificate.raw.toString('base64')],
    'x5t#S256': thumbprint(certificate, 'sha256'),
  };
}

function thumbprint(certificate, digest) {
  return createHash(digest).update(certificate.raw).digest('base64url');
}

function signedBy(certificate, alg, assertion) {
  const end = assertion.lastIndexOf('.');
  const key = { key: certificate.publicKey, ...SIGNATURE[alg] };
  const signature = Buffer.from(assertion.slice(end + 1), 'base64url');
  return verify('sha256', Buffer.from(assertion.slice(0, end)), key, signature);
}

function timesObjection({ nbf, iat, exp }) {
  if (![nbf, iat, exp].every(Number.isSafeInteger)) return 'nbf, iat and exp must be integers';
  if (exp <= nbf) return 'exp must be later than nbf';
  if (exp - nbf > MAX_LIFETIME_SECONDS) return `lifetime must be at most ${MAX_LIFETIME_SECONDS} seconds`;
  return undefined;
}

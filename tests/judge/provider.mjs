// The oidc-provider of the judge: the client_credentials grant by private_key_jwt, and nothing else.
//
// It holds the configuration and turns oidc-provider's events into verdicts. It trusts oidc-provider to verify
// signature, audience, expiry and jti (RFC 7523, section 3; OpenID Connect Core, section 9) and never reaches
// into its internals. State is in memory: a new judge has seen no jti.

import { generateKeyPairSync, randomUUID } from 'node:crypto';

import { Provider, errors } from 'oidc-provider';

import { Clients } from './clients.mjs';

// What an access token is for: the resource of the scope that Entra's clients ask for.
const RESOURCE = 'api://kunci-judge';
const SCOPE = `${RESOURCE}/.default`;
const ACCESS_TOKEN_SECONDS = 3600;
const ALGORITHMS = ['PS256', 'RS256', 'ES256'];

export function createProvider({ issuer, clientsFile, report }) {
  const clients = new Clients(clientsFile, SCOPE);
  const provider = new Provider(issuer, {
    adapter: (model) => (model === 'Client' ? clients : new Memory()),
    // One machine, one clock: an assertion is dead in the second that its exp names.
    clockTolerance: 0,
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ALGORITHMS },
    assertJwtClientAuthClaimsAndHeader: (ctx, claims, header, client) => {
      const objection = clients.objection(client.clientId, ctx.oidc.params.client_assertion, header, claims);
      if (objection) {
        throw new errors.InvalidClientAuth(objection);
      }
    },
    cookies: { keys: [randomUUID()] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: true, defaultResource: () => RESOURCE, getResourceServerInfo: resourceServer },
    },
    findAccount: () => undefined,
    jwks: { keys: [signingKey()] },
    routes: { token: '/oauth2/v2.0/token' },
    scopes: [SCOPE],
    ttl: { ClientCredentials: ACCESS_TOKEN_SECONDS },
  });
  reportVerdicts(provider, report);
  return provider;
}

function resourceServer() {
  return {
    scope: SCOPE,
    audience: RESOURCE,
    accessTokenTTL: ACCESS_TOKEN_SECONDS,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  };
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'judge' };
}

function reportVerdicts(provider, report) {
  provider.on('grant.success', (ctx) => report({ event: 'granted', ...subject(ctx) }));
  provider.on('grant.error', (ctx, error) => {
    const detail = error.error_detail ?? error.error_description;
    // oidc-provider keeps the detail from the caller. A test wants to see it on both sides.
    ctx.body = { ...ctx.body, error_detail: detail };
    report({ event: 'refused', ...subject(ctx), error: error.error, detail });
  });
  provider.on('server_error', (ctx, error) => report({ event: 'fault', error: error.name, detail: error.stack }));
}

// Whom a verdict is about, as the assertion itself claims: a refused one is named by its own words.
function subject(ctx) {
  const { header, payload } = claimed(ctx.oidc.params?.client_assertion);
  return {
    tenant: ctx.req.originalUrl.split('/')[1],
    client_id: payload?.sub ?? ctx.oidc.params?.client_id ?? null,
    jti: payload?.jti ?? null,
    alg: header?.alg ?? null,
    aud: payload?.aud ?? null,
  };
}

function claimed(assertion) {
  try {
    const [header, payload] = assertion.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    return { header, payload };
  } catch {
    return {};
  }
}

// oidc-provider's own in-memory adapter forgets after 1,000 entries, so a busy test could replay. This one does not.
class Memory {
  #entries = new Map();

  async find(id) {
    return this.#entries.get(id);
  }

  async upsert(id, payload) {
    this.#entries.set(id, payload);
  }

  async destroy(id) {
    this.#entries.delete(id);
  }
}

// The judge: oidc-provider over https on loopback, in the URL layout of Microsoft Entra.
//
// It decides which tenant a request names (the first path segment, mounted in front of oidc-provider) and
// reports every verdict as one JSON line on standard output. Whether an assertion is good is decided by
// oidc-provider and by the rules in clients.mjs. It trusts its command line and the clients file; it listens on
// 127.0.0.1 only and never speaks to another host.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { parseArgs } from 'node:util';

import { createProvider } from './provider.mjs';

const ISSUER_TENANT = 'oidc';

// A tenant, then an optional Entra "/v2.0" before discovery, then the path that oidc-provider sees.
const TENANT_PATH = /^\/([A-Za-z0-9.-]{1,253})(?:\/v2\.0(?=\/\.well-known\/))?(\/.*)$/u;

const USAGE = 'usage: node judge.mjs --tls-key FILE --tls-cert FILE --clients FILE [--port N] [--until-stdin-closes]';

function main() {
  const options = parseOptions();
  const server = createServer({ key: readFileSync(options['tls-key']), cert: readFileSync(options['tls-cert']) });
  server.on('error', (error) => fail(`cannot listen on port ${options.port}: ${error.message}`));
  server.listen(Number(options.port), '127.0.0.1', () => serve(server, options.clients));
  if (options['until-stdin-closes']) {
    process.stdin.resume().on('close', () => process.exit(0));
  }
}

function parseOptions() {
  const string = { type: 'string' };
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '0' },
        'tls-key': string,
        'tls-cert': string,
        clients: string,
        'until-stdin-closes': { type: 'boolean', default: false },
      },
    });
    const missing = ['tls-key', 'tls-cert', 'clients'].find((name) => values[name] === undefined);
    return missing ? fail(`--${missing} is missing; ${USAGE}`) : values;
  } catch (error) {
    return fail(`${error.message}; ${USAGE}`);
  }
}

function serve(server, clientsFile) {
  const host = `localhost:${server.address().port}`;
  const issuer = `https://${host}/${ISSUER_TENANT}`;
  const handle = startProvider({ issuer, clientsFile, report }).callback();
  server.on('request', (request, response) => {
    if (mount(request, host)) {
      handle(request, response);
    } else {
      response.writeHead(404).end();
    }
  });
  report({
    ready: true,
    port: server.address().port,
    issuer,
    authority: `https://${host}`,
    token_endpoint: `${issuer}/oauth2/v2.0/token`,
  });
}

function startProvider(options) {
  try {
    return createProvider(options);
  } catch (error) {
    return fail(`cannot start with ${options.clientsFile}: ${error.message}`);
  }
}

// oidc-provider takes what precedes `url` in `originalUrl` for its mount path, and with it computes the token
// endpoint that an audience must equal. The host is ours, so that a caller's Host header cannot widen that.
function mount(request, host) {
  const match = TENANT_PATH.exec(request.url);
  if (!match) {
    return false;
  }
  const [, tenant, path] = match;
  request.headers.host = host;
  request.originalUrl = `/${tenant}${path}`;
  request.url = path;
  return true;
}

function report(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function fail(message) {
  process.stderr.write(`judge: ${message}\n`);
  process.exit(2);
}

main();

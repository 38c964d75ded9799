// An OAuth 2.0 server that somebody else wrote and had certified, for the tests: oidc-provider on a free port.
//
//   node oidc_provider.mjs CLIENTS [CERTIFICATE KEY]
//
// CLIENTS is a JSON list of client metadata. The first line on standard output is the server's address. It ends when
// standard input does, so it never outlives the test. With DISCOVERY=openid it knows nothing of RFC 8414, and its clock
// is BEHIND by so many seconds.

import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { readFileSync } from 'node:fs';

import Provider, { errors } from 'oidc-provider';

const now = Date.now;
Date.now = () => now() - 1000 * Number(process.env.BEHIND ?? 0);

const [clients, certificate, key] = process.argv.slice(2);
const server = certificate
  ? createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key) })
  : createServer();

server.listen(0, '127.0.0.1', () => {
  const issuer = `${certificate ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: JSON.parse(clients),
    scopes: ['repository', 'repository:write', 'account'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => {
          if (resource !== 'https://api.example.com/') throw new errors.InvalidTarget();
          return { scope: 'repository account', audience: resource };
        },
      },
      revocation: { enabled: true },
    },
    ttl: { ClientCredentials: 3600 },
  });
  provider.on('server_error', (_context, error) => console.error(error));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (process.env.DISCOVERY === 'openid' && request.url.startsWith('/.well-known/oauth-')) {
      response.writeHead(404).end();
    } else {
      answer(request, response);
    }
  });
  console.log(issuer);
});

process.stdin.resume().on('end', () => process.exit(0));

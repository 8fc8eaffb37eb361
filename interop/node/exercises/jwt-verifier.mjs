// An app that has got an ID token by the code flow has Okta's verifier look at it.
import { randomUUID } from 'node:crypto';
import { Browser } from '../browser.mjs';
import { asking, exercise } from '../exercise.mjs';

await exercise('@okta/jwt-verifier', async (OktaJwtVerifier, { issuer, web, person }) => {
  const nonce = randomUUID();
  const verifier = new OktaJwtVerifier({
    issuer,
    clientId: web.id,
    // Its default is the custom authorization servers' path, `/v1/keys` below the issuer.
    jwksUri: `${issuer}/oauth2/v1/keys`,
    assertClaims: { 'amr.includes': 'pwd' },
  });
  const tokens = await codeFlow({ issuer, web, person, nonce });
  const { header, claims } = await asking(() => verifier.verifyIdToken(tokens.id_token, web.id, nonce));
  // The org's own access tokens are for Okta alone: nobody finds the key that signed them.
  const accessToken = await verifier.verifyAccessToken(tokens.access_token, issuer).then(
    () => 'verified',
    ({ message }) => (message.startsWith('Error while resolving signing key') ? 'no such key' : message),
  );
  return { nonce, header, claims, accessToken };
});

async function codeFlow({ issuer, web, person, nonce }) {
  const asked = { response_type: 'code', scope: 'openid profile email', state: randomUUID(), nonce };
  const client = { client_id: web.id, redirect_uri: web.redirect_uri };
  const url = `${issuer}/oauth2/v1/authorize?${new URLSearchParams({ ...client, ...asked })}`;
  const stops = (location) => location.startsWith(web.redirect_uri);
  const callback = new URL((await new Browser().signIn(url, person, { stops })).url);
  const code = callback.searchParams.get('code');
  const response = await fetch(`${issuer}/oauth2/v1/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${web.id}:${web.secret}`)}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: web.redirect_uri }),
  });
  if (!response.ok) throw new Error(`${response.status} from the token endpoint: ${await response.text()}`);
  return response.json();
}

// An application that signs people in by the code flow: it sends the browser to the org, gets it back, and redeems.
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';

const HOME = '<!doctype html><title>An application</title><link rel="icon" href="data:,"><p>Signed in.';

export class RelyingParty {
  #issuer;
  #client;
  #callback;
  #state;
  #nonce;

  /** The application `web` of the scene, whose callback is served here from now on. */
  static async listen({ issuer, web }, management) {
    const server = createServer((request, response) => {
      response.setHeader('content-type', 'text/html').end(HOME);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const callback = `http://localhost:${server.address().port}/callback`;
    const app = await management.get(`/api/v1/apps/${web.id}`);
    app.settings.oauthClient.redirect_uris = [callback];
    await management.put(`/api/v1/apps/${web.id}`, app);
    return new RelyingParty(issuer, web, callback);
  }

  constructor(issuer, client, callback) {
    this.#issuer = issuer;
    this.#client = client;
    this.#callback = callback;
  }

  /** Where it sends a browser to sign in, this time. */
  begins() {
    [this.#state, this.#nonce] = [randomUUID(), randomUUID()];
    const asked = { response_type: 'code', scope: 'openid profile email', state: this.#state, nonce: this.#nonce };
    const client = { client_id: this.#client.id, redirect_uri: this.#callback };
    return `${this.#issuer}/oauth2/v1/authorize?${new URLSearchParams({ ...client, ...asked })}`;
  }

  /** Whether a browser has come back with this URL. */
  isBack(url) {
    return String(url).startsWith(`${this.#callback}?`);
  }

  /** What it knows of whoever has come back with this URL. */
  async signedIn(url) {
    const { state, code, error, error_description } = Object.fromEntries(new URL(url).searchParams);
    if (error) throw new Error(`${error}: ${error_description}`);
    const response = await fetch(`${this.#issuer}/oauth2/v1/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${this.#client.id}:${this.#client.secret}`)}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: this.#callback }),
    });
    const tokens = await response.json();
    if (!response.ok) throw new Error(`${response.status} from the token endpoint: ${JSON.stringify(tokens)}`);
    const claims = JSON.parse(Buffer.from(tokens.id_token.split('.')[1], 'base64url'));
    const half = createHash('sha256').update(tokens.access_token).digest().subarray(0, 16).toString('base64url');
    return {
      claims: { ...claims, amr: [...claims.amr].sort() },
      state: state === this.#state,
      nonce: claims.nonce === this.#nonce,
      at_hash: claims.at_hash === half,
    };
  }
}

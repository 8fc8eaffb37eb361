// An administrator's calls to the management API.

export class Management {
  #org;
  #token;

  constructor({ issuer, api_token }) {
    this.#org = issuer;
    this.#token = api_token;
  }

  get(path) {
    return this.#send('GET', path);
  }

  post(path, body) {
    return this.#send('POST', path, body);
  }

  put(path, body) {
    return this.#send('PUT', path, body);
  }

  async #send(method, path, body) {
    const headers = { authorization: `SSWS ${this.#token}`, 'content-type': 'application/json' };
    const response = await fetch(`${this.#org}${path}`, { method, headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} from ${path}: ${text}`);
    return text && JSON.parse(text);
  }
}

/** From now on, whoever goes to the application proves two factors. */
export async function askForTwoFactors(management, app) {
  const policy = await management.post('/api/v1/policies', { type: 'ACCESS_POLICY', name: `Two factors for ${app}` });
  const verificationMethod = { type: 'ASSURANCE', factorMode: '2FA', reauthenticateIn: 'PT0S', constraints: [] };
  await management.post(`/api/v1/policies/${policy.id}/rules`, {
    type: 'ACCESS_POLICY',
    name: 'Everybody',
    actions: { appSignOn: { access: 'ALLOW', verificationMethod } },
  });
  await management.put(`/api/v1/apps/${app}/policies/${policy.id}`);
}

/** From now on, whoever answers a notification chooses the number that the page shows. */
export async function askForNumbers(management) {
  const authenticators = await management.get('/api/v1/authenticators');
  const { id, key, name } = authenticators.find((authenticator) => authenticator.key === 'okta_verify');
  const settings = { channelBinding: { style: 'NUMBER_CHALLENGE', required: 'ALWAYS' } };
  await management.put(`/api/v1/authenticators/${id}`, { key, name, settings });
}

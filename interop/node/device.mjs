// The authenticator app on a person's phone, which answers push notifications: it holds a P-256 key, of which the org
// knows the public half, and signs what the person decides.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';

const WAIT = 30;

export class Device {
  #org;
  #token;
  #id = randomUUID().replaceAll('-', '');
  #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** A phone that has taken up what the QR code of `uri` says. */
  static async enrol(uri) {
    const { searchParams } = new URL(uri);
    const device = new Device(searchParams.get('s'));
    const { deviceToken } = await device.#post('', { token: searchParams.get('t'), device: device.#identity() });
    device.#token = deviceToken;
    return device;
  }

  constructor(org) {
    this.#org = org;
  }

  #identity() {
    const { x, y } = this.#keys.publicKey.export({ format: 'jwk' });
    const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
    return { id: this.#id, name: 'A phone', key: point.toString('base64url') };
  }

  /** Waits for a notification. */
  async notified() {
    const headers = { authorization: `Bearer ${this.#token}` };
    const response = await fetch(`${this.#org}/gatewright/v1/devices/push?wait=${WAIT}`, { headers });
    if (!response.ok) throw new Error(`${response.status} for the device: ${await response.text()}`);
    const [challenge] = await response.json();
    if (challenge === undefined) throw new Error(`no notification came in ${WAIT} s`);
    return challenge;
  }

  approve(challenge, number = null) {
    return this.#answer(challenge, 'APPROVE', number);
  }

  deny(challenge) {
    return this.#answer(challenge, 'DENY', null);
  }

  #answer({ transaction, nonce }, decision, number) {
    const said = ['gatewright push 1', transaction, nonce, this.#id, decision, number ?? ''].join('\n');
    const key = { key: this.#keys.privateKey, dsaEncoding: 'ieee-p1363' };
    const signature = sign('sha256', Buffer.from(said), key).toString('base64url');
    return this.#post(`/${transaction}`, { transaction, device: this.#id, decision, number, signature });
  }

  async #post(path, body) {
    const response = await fetch(`${this.#org}/gatewright/v1/devices/push${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${response.status} for the device: ${await response.text()}`);
    return response.json();
  }
}

/** Has the person a phone that answers push notifications. */
export async function enrolPhone(management, person) {
  const factor = { factorType: 'push', provider: 'OKTA' };
  const { _embedded } = await management.post(`/api/v1/users/${person.id}/factors`, factor);
  return Device.enrol(_embedded.activation._links.qrcode.href);
}

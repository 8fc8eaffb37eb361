// The authenticator app that shows codes (RFC 6238).
import { createHmac } from 'node:crypto';

const STEP = 30_000;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Has the person an app that shows codes, and gives its key. */
export async function enrolCodes(management, person) {
  const factors = `/api/v1/users/${person.id}/factors`;
  const factor = await management.post(factors, { factorType: 'token:software:totp', provider: 'OKTA' });
  const key = factor._embedded.activation.sharedSecret;
  // A code is taken once: the one before activates, so that the present one is still good.
  await management.post(`${factors}/${factor.id}/lifecycle/activate`, { passCode: code(key, Date.now() - STEP) });
  return key;
}

/** The code of the base32 key at this moment. */
export function code(key, milliseconds) {
  const bits = [...key].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(milliseconds / STEP)));
  const digest = createHmac('sha1', bytes).update(step).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

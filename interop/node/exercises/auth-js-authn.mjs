// A sign-in page of one's own: password and code by the primary authentication API, then tokens by the session token that
// comes of it.
import { Browser } from '../browser.mjs';
import { asking, exercise } from '../exercise.mjs';
import { Management } from '../management.mjs';
import { code, enrolCodes } from '../totp.mjs';

const ACR = 'urn:okta:loa:2fa:any';

await exercise('@okta/okta-auth-js', async ({ OktaAuth }, scene) => {
  const { issuer, spa, person } = scene;
  const key = await secondFactor(scene);
  let asked;
  const sdk = new OktaAuth({
    issuer,
    clientId: spa.id,
    redirectUri: spa.redirect_uri,
    scopes: ['openid', 'profile', 'email'],
    acrValues: ACR,
    setLocation: (url) => { asked = new URL(url); },
  });
  const { login: username, password } = person;
  const refused = (call) => call().then(() => 'taken', ({ errorCode, errorSummary }) => `${errorCode}: ${errorSummary}`);
  const begin = (password) => sdk.signInWithCredentials({ username, password, relayState: 'deep link' });

  const choice = await asking(() => begin(password));
  const wrongPassword = await refused(() => begin('wrong'));
  const factor = await asking(() => choice.factors.find(({ factorType }) => factorType === 'token:software:totp'));
  const wrongCode = await refused(() => factor.verify({ passCode: '000000' }));
  const done = await asking(() => factor.verify({ passCode: code(key, Date.now()) }));
  const usedCode = await refused(() => factor.verify({ passCode: code(key, Date.now()) }));

  const { sessionToken } = done;
  await asking(() => sdk.token.getWithRedirect({ sessionToken }));
  const stops = (location) => location.startsWith(spa.redirect_uri);
  const browser = new Browser();
  const callback = new URL((await browser.open(asked.href, { stops })).url);
  const { code: granted, state } = Object.fromEntries(callback.searchParams);
  const begun = sdk.transactionManager.load({ state });
  const exchange = { ...begun, authorizationCode: granted };
  const { tokens } = await asking(() => sdk.token.exchangeCodeForTokens(exchange));
  const nonce = asked.searchParams.get('nonce');
  const { claims } = await asking(() => sdk.token.verify(tokens.idToken, { nonce, acrValues: ACR }));
  const elsewhere = await new Browser().open(asked.href, { stops });

  return {
    states: [choice.status, done.status],
    relayState: done.data.relayState,
    user: done.user.profile.login,
    wrongPassword,
    wrongCode,
    usedCode,
    claims: { ...claims, amr: [...claims.amr].sort() },
    // Somebody else who opens it is asked to sign in.
    elsewhere: { left: stops(elsewhere.url), status: elsewhere.status },
  };
});

/** Has the org ask for a second factor, and the person have one: its key. */
async function secondFactor({ person, ...scene }) {
  const management = new Management(scene);
  const key = await enrolCodes(management, person);
  const policy = await management.post('/api/v1/policies', { type: 'OKTA_SIGN_ON', name: 'Two factors' });
  const signon = { access: 'ALLOW', requireFactor: true, factorPromptMode: 'ALWAYS', session: {} };
  const rule = { type: 'SIGN_ON', name: 'Everybody', actions: { signon } };
  await management.post(`/api/v1/policies/${policy.id}/rules`, rule);
  return key;
}

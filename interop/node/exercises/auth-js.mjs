// A public client gets tokens by the code flow with PKCE, renews them, and has okta-auth-js validate them all.
import { Browser } from '../browser.mjs';
import { asking, exercise } from '../exercise.mjs';

await exercise('@okta/okta-auth-js', async ({ OktaAuth }, { issuer, spa, person }) => {
  let asked;
  const sdk = new OktaAuth({
    issuer,
    clientId: spa.id,
    redirectUri: spa.redirect_uri,
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    setLocation: (url) => { asked = new URL(url); },
  });
  await asking(() => sdk.token.getWithRedirect());
  const stops = (location) => location.startsWith(spa.redirect_uri);
  const callback = new URL((await new Browser().signIn(asked.href, person, { stops })).url);
  const { code, state, error, error_description } = Object.fromEntries(callback.searchParams);
  if (error) throw new Error(`${error}: ${error_description}`);

  const begun = sdk.transactionManager.load({ state });
  const { tokens } = await asking(() => sdk.token.exchangeCodeForTokens({ ...begun, authorizationCode: code }));
  // The exchange looks at everything but the nonce.
  const nonce = asked.searchParams.get('nonce');
  const { claims } = await asking(() => sdk.token.verify(tokens.idToken, { nonce }));
  const userinfo = await asking(() => sdk.token.getUserInfo(tokens.accessToken, tokens.idToken));
  sdk.tokenManager.setTokens(tokens);
  const renewed = await asking(() => sdk.token.renewTokens());
  await asking(() => sdk.revokeAccessToken(tokens.accessToken));
  const revoked = await sdk.token.getUserInfo(tokens.accessToken, tokens.idToken).then(
    () => 'still good',
    (refusal) => refusal.message,
  );
  return {
    asked: Object.fromEntries(asked.searchParams),
    nonce,
    claims,
    userinfo,
    renewed: renewed.idToken.claims,
    rotated: renewed.refreshToken.refreshToken !== tokens.refreshToken.refreshToken,
    revoked,
  };
});

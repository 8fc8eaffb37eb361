// An Express app behind Okta's middleware: a person who opens a page of it signs in at the org, and out again.
import { once } from 'node:events';
import { Browser } from '../browser.mjs';
import { asking, exercise, require } from '../exercise.mjs';
import { Management } from '../management.mjs';

const express = require('express');
const session = require('express-session');

await exercise('@okta/oidc-middleware', async ({ ExpressOIDC }, { issuer, api_token, web, person }) => {
  const app = express();
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://localhost:${server.address().port}`;
  await register({ issuer, api_token, web, base });

  const refusals = [];
  const oidc = new ExpressOIDC({
    issuer,
    client_id: web.id,
    client_secret: web.secret,
    appBaseUrl: base,
    scope: 'openid profile email',
    routes: { loginCallback: { handler: note(refusals), afterCallback: '/profile' } },
  });
  app.use(session({ secret: 'of this app', resave: false, saveUninitialized: true }));
  app.use(oidc.router);
  app.get('/profile', oidc.ensureAuthenticated(), (request, response) => response.json(request.userContext.userinfo));
  app.get('/', (request, response) => response.send(request.isAuthenticated() ? 'signed in' : 'signed out'));
  await asking(() => once(oidc, 'ready'));

  const browser = new Browser();
  const page = await browser.signIn(`${base}/profile`, person);
  await asking(() => refusals.forEach((error) => { throw error; }));
  if (page.url !== `${base}/profile`) throw new Error(`the person ended at ${page.url}: ${page.text}`);
  const goodbye = await browser.open(`${base}/logout`, { method: 'POST' });
  const again = await browser.open(`${base}/profile`);
  const { origin, pathname } = new URL(again.url);
  return { userinfo: JSON.parse(page.text), goodbye: goodbye.text, again: `${origin}${pathname}` };
});

/** The app's URLs go into its settings at the org once its port is known. */
async function register({ issuer, api_token, web, base }) {
  const management = new Management({ issuer, api_token });
  const app = await management.get(`/api/v1/apps/${web.id}`);
  app.settings.oauthClient.redirect_uris = [`${base}/authorization-code/callback`];
  app.settings.oauthClient.post_logout_redirect_uris = [`${base}/`];
  await management.put(`/api/v1/apps/${web.id}`, app);
}

/** Four parameters make the middleware hand its refusals over. */
function note(refusals) {
  return (error, request, response, next) => {
    if (error) {
      refusals.push(error);
      return response.sendStatus(401);
    }
    next();
  };
}

// Starts Okta's Sign-In Widget of Classic Engine where the page left a place for it. All that it loads comes from this
// host.
"use strict";

const place = document.getElementById("sign-in");
const { baseUrl, stateToken, username, next, nonce } = place.dataset;

new OktaSignIn({
  baseUrl,
  ...(stateToken && { stateToken }),
  ...(username && { username }),
  useClassicEngine: true,
  cspNonce: nonce,
  logo: `${baseUrl}/assets/org.svg`,
  language: "en",
  // Security keys and passkeys, where it would offer Windows Hello alone.
  features: { webauthn: true },
  assets: { baseUrl: `${baseUrl}/widget` },
}).renderEl(
  { el: place },
  ({ status, stepUp, session }) => {
    if (status !== "SUCCESS") return;
    if (stepUp) stepUp.finish();
    else session.setCookieAndRedirect(next);
  },
  (error) => {
    place.setAttribute("role", "alert");
    place.textContent = `The sign-in page can't be shown: ${error.message}`;
  },
);

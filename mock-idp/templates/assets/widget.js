// Starts Okta's Sign-In Widget where the page left a place for it. All that it loads comes from this host.
"use strict";

const place = document.getElementById("sign-in");
const { baseUrl, stateToken, nonce } = place.dataset;

new OktaSignIn({
  baseUrl,
  stateToken,
  useClassicEngine: false,
  cspNonce: nonce,
  logo: `${baseUrl}/assets/org.svg`,
  language: "en",
  assets: { baseUrl: `${baseUrl}/widget` },
}).renderEl(
  { el: place },
  () => {},
  (error) => {
    place.setAttribute("role", "alert");
    place.textContent = `The sign-in page can't be shown: ${error.message}`;
  },
);

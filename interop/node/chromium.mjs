// A real browser, which trusts the org's authority by the certificate database in its home.
import { require } from './exercise.mjs';

const { chromium } = require('playwright-core');

/** How long something in a page may take, in milliseconds. */
const PATIENCE = 15_000;

/** Starts a browser. */
export function launch({ program, home }) {
  const { PATH } = process.env;
  return chromium.launch({
    executablePath: program,
    // Root can't have the sandbox.
    chromiumSandbox: process.getuid() !== 0,
    env: { PATH, HOME: home, TMPDIR: home, LANG: 'C.UTF-8' },
    // Nothing but this machine is reached.
    args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1'],
  });
}

/** Opens a page in it with a profile of its own, off the record. `complaints` is what its console says against it. */
export async function open(browser) {
  const page = await browser.newPage({ locale: 'en-US', viewport: { width: 800, height: 900 } });
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  return { page, complaints };
}

/** Opens a page in a browser of its own. */
export async function openPage(described) {
  return open(await launch(described));
}

/** Puts a security key beside the page, which does whatever it is asked. */
export async function addSecurityKey(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'usb',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
  };
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
  return {
    /** What it has made, with how often each was used. */
    credentials: async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
  };
}

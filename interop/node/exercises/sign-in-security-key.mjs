// Somebody who has a password alone sets up a security key at the first sign-in, and uses it at the second.
import { askForTwoFactors } from '../management.mjs';
import { signIn } from '../sign-in.mjs';
import { addSecurityKey } from '../chromium.mjs';

await signIn(
  ({ management, web }) => askForTwoFactors(management, web.id),
  async (visit, { person }) => {
    const { page, pages } = visit;
    const key = await addSecurityKey(page);
    await visit.open();
    await pages.identify(person);
    await visit.reach('set-up choice');
    await pages.choose('security key');
    await visit.reach('security key set-up');
    await pages.setUpKey();
    await visit.arrive();
    const [credential] = await key.credentials();

    await page.context().clearCookies();
    await visit.open();
    await pages.identify(person);
    await pages.useKey(visit);
    await visit.arrive();
    const [used] = await key.credentials();
    return { rpId: credential.rpId, used: used.signCount > credential.signCount };
  },
);

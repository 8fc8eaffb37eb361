// Somebody signs in by password and a code of Okta Verify's, after a wrong one.
import { enrolPhone } from '../device.mjs';
import { askForTwoFactors } from '../management.mjs';
import { signIn } from '../sign-in.mjs';
import { code, enrolCodes } from '../totp.mjs';

await signIn(
  async ({ management, person, web }) => {
    await askForTwoFactors(management, web.id);
    // With two means there is a choice.
    await enrolPhone(management, person);
    return { key: await enrolCodes(management, person) };
  },
  async (visit, { person, key }) => {
    await visit.open();
    await visit.pages.identify(person);
    await visit.reach('choice');
    await visit.pages.choose('code');
    await visit.reach('code');
    // The code of a day ago.
    await visit.pages.giveCode(code(key, Date.now() - 86_400_000));
    await visit.complain(visit.pages.words.wrongCode);
    await visit.pages.giveCode(code(key, Date.now()));
    await visit.arrive();
  },
);

// Somebody signs in by password and a notification: denies one, has it sent again, and chooses the number on the phone
// that the page shows.
import { enrolPhone } from '../device.mjs';
import { askForNumbers, askForTwoFactors } from '../management.mjs';
import { signIn } from '../sign-in.mjs';
import { enrolCodes } from '../totp.mjs';

await signIn(
  async ({ management, person, web }) => {
    await askForTwoFactors(management, web.id);
    await askForNumbers(management);
    await enrolCodes(management, person);
    return { phone: await enrolPhone(management, person) };
  },
  async (visit, { person, phone }) => {
    const { pages } = visit;
    await visit.open();
    await pages.identify(person);
    await visit.reach('choice');
    await pages.choose('push');
    await visit.reach('number');
    await phone.deny(await phone.notified());
    await visit.complain(pages.words.denied);
    await pages.resend();
    await visit.reach('number');
    const challenge = await phone.notified();
    const shown = Number(await pages.stages.number.innerText());
    await phone.approve(challenge, shown);
    await visit.arrive();
    return { amongTheNumbers: challenge.numbers.includes(shown) };
  },
);

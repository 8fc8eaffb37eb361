// Somebody signs in by password alone.
import { signIn } from '../sign-in.mjs';

await signIn(
  async () => {},
  async (visit, { person }) => {
    await visit.open();
    await visit.pages.identify(person);
    await visit.arrive();
  },
);

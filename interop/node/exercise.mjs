// One exercise: the scene comes on standard input, the outcome goes to standard output, a JSON document each.
import { createRequire } from 'node:module';
import { json } from 'node:stream/consumers';

/** Loads packages from the folder that NODE_PATH names. */
export const require = createRequire(import.meta.url);

class Refusal extends Error {}

/**
 * Plays an exercise of one client. Its outcome is what `play` has seen, or what the client said when it refused.
 * Whatever else goes wrong ends this process with a failure.
 */
export function exercise(name, play) {
  return perform(() => name, (scene) => play(require(name), scene));
}

/** The same for the client that the scene names, which isn't loaded here: it is the pages in a browser, or drives it. */
export function exerciseInBrowser(play) {
  return perform(({ client }) => client, play);
}

async function perform(nameOf, play) {
  const scene = await json(process.stdin);
  const name = nameOf(scene);
  const { version } = require(`${name}/package.json`);
  const outcome = await play(scene).then(
    (seen) => ({ seen }),
    (error) => {
      if (error instanceof Refusal) return { refused: said(error.cause) };
      throw error;
    },
  );
  // Kept connections and timers of the clients would hold the process.
  process.stdout.write(`${JSON.stringify({ client: name, version, ...outcome })}\n`, () => process.exit());
}

/** What the client makes of the org: an error that comes out of `call` is the client's refusal. */
export async function asking(call) {
  try {
    return await call();
  } catch (error) {
    throw new Refusal('the client refused', { cause: error });
  }
}

function said(error) {
  const { name, message, status, errorCode } = error instanceof Error ? error : { message: String(error) };
  return { name, message, status, errorCode };
}

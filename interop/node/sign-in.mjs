// A person signs in to an application in a real browser, by whichever pages the org shows.
import { writeFile } from 'node:fs/promises';
import { openPage } from './chromium.mjs';
import { asking, exerciseInBrowser } from './exercise.mjs';
import { Management } from './management.mjs';
import { Classic } from './pages/classic.mjs';
import { IdentityEngine } from './pages/identity-engine.mjs';
import { Own } from './pages/own.mjs';
import { RelyingParty } from './relying-party.mjs';

const PAGES = { own: Own, 'identity-engine': IdentityEngine, classic: Classic };

/**
 * Plays an exercise in a browser. `prepare` makes at the org what it takes; `walk` goes through the pages, from the
 * first to the relying party's. What is seen is what the relying party knows then, what `walk` returns, and what the
 * browser's console says against the pages.
 */
export function signIn(prepare, walk) {
  return exerciseInBrowser(async (scene) => {
    const management = new Management(scene);
    const party = await RelyingParty.listen(scene, management);
    const prepared = await prepare({ management, ...scene });
    const { page, complaints } = await openPage(scene.browser);
    const visit = new Visit(page, new PAGES[scene.pages](page), party, scene);
    const seen = await asking(() => walk(visit, { ...prepared, ...scene }));
    return { ...(await party.signedIn(page.url())), ...seen, complaints };
  });
}

/** A person before a page. */
class Visit {
  #party;
  #screenshots;
  #taken = 0;

  constructor(page, pages, party, { screenshots, pages: named }) {
    this.page = page;
    this.pages = pages;
    this.#party = party;
    // The widget has no dark side.
    this.#screenshots = { folder: screenshots, schemes: named === 'own' ? ['dark', 'light'] : ['light'] };
  }

  /** Opens the application, which sends the browser to the org. */
  async open() {
    await this.page.goto(this.#party.begins());
    await this.reach('name');
  }

  /** Waits until the pages have come to a stage. What they complain of instead is the client's refusal. */
  async reach(stage) {
    const reached = this.pages.stages[stage];
    await reached.or(this.#complaint()).first().waitFor();
    if (!(await reached.isVisible())) throw new Error(await this.#said());
    await this.#take(stage);
  }

  /** Waits until the pages complain of this. Any other complaint is the client's refusal. */
  async complain(words) {
    await this.#complaint().first().waitFor();
    const said = await this.#said();
    if (said !== words) throw new Error(said);
    await this.#take('complaint');
    // It may stand there for a while.
    await this.#complaint().evaluateAll((all) => all.forEach((one) => { one.dataset.read = ''; }));
  }

  /** Waits until the application has the browser back. */
  async arrive() {
    const complained = this.#complaint().first().waitFor().then(async () => {
      throw new Error(await this.#said());
    });
    // Whichever comes second comes to nothing.
    complained.catch(() => {});
    await Promise.race([this.page.waitForURL((url) => this.#party.isBack(url)), complained]);
    await this.#take('signed in');
  }

  #complaint() {
    return this.page.locator(`:is(${this.pages.complaints}):not([data-read])`).filter({ visible: true });
  }

  async #said() {
    return (await this.#complaint().allInnerTexts()).map((text) => text.trim()).join(' ');
  }

  async #take(stage) {
    const { folder, schemes } = this.#screenshots;
    if (!folder) return;
    this.#taken += 1;
    for (const colorScheme of schemes) {
      const name = [this.#taken, stage, ...(colorScheme === 'dark' ? ['dark'] : [])].join(' ').replaceAll(' ', '-');
      await this.page.emulateMedia({ colorScheme });
      await writeFile(`${folder}/${name}.png`, await this.#settled());
    }
  }

  /** The picture of the page once nothing moves any more: when one is as the one before. */
  async #settled() {
    let before;
    for (let tries = 0; tries < 50; tries += 1) {
      const picture = await this.page.screenshot({ animations: 'disabled' });
      if (before?.equals(picture)) return picture;
      before = picture;
    }
    return before;
  }
}

// The org's own pages.

export class Own {
  #page;

  stages;

  words = { wrongCode: 'Invalid Passcode/Answer', denied: 'You have chosen to reject this login.' };

  complaints;

  constructor(page) {
    this.#page = page;
    const heading = (name) => page.getByRole('heading', { name, exact: true });
    this.stages = {
      name: heading('Sign In'),
      choice: heading("Verify it's you with a security method"),
      code: heading('Enter a code'),
      number: page.locator('#number'),
      'set-up choice': heading('Set up security methods'),
      'security key set-up': heading('Set up security key or biometric authenticator'),
      'security key': heading('Verify with Security Key or Biometric Authenticator'),
    };
    this.complaints = '[role=alert]';
  }

  async identify({ login, password }) {
    await this.#page.getByLabel('Username').fill(login);
    await this.#page.getByLabel('Password').fill(password);
    await this.#page.getByRole('button', { name: 'Sign In', exact: true }).click();
  }

  choose(means) {
    const named = {
      code: 'Enter a code',
      push: 'Get a push notification',
      'security key': 'Security Key or Biometric Authenticator',
    };
    return this.#page.getByRole('button', { name: named[means] }).click();
  }

  async giveCode(code) {
    await this.#page.getByLabel('Enter code').fill(code);
    await this.#page.getByRole('button', { name: 'Verify', exact: true }).click();
  }

  resend() {
    return this.#page.getByRole('button', { name: 'Resend push notification' }).click();
  }

  setUpKey() {
    return this.#page.getByRole('button', { name: 'Set up', exact: true }).click();
  }

  async useKey(visit) {
    await visit.reach('choice');
    await this.choose('security key');
    await visit.reach('security key');
    await this.#page.getByRole('button', { name: 'Verify', exact: true }).click();
  }
}

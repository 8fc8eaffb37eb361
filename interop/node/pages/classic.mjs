// Okta's Sign-In Widget as Classic Engine's page.

export class Classic {
  #page;

  stages;

  words = {
    wrongCode: "Your passcode doesn't match our records. Please try again.",
    denied: 'You have chosen to reject this login.',
  };

  complaints;

  constructor(page) {
    this.#page = page;
    const button = (name) => page.getByRole('button', { name, exact: true });
    this.stages = {
      name: page.locator('#okta-signin-submit'),
      // The notification comes first, and a code is offered in its place.
      choice: button('Send Push'),
      code: page.locator('input[name=answer]'),
      number: page.locator('[data-se="challenge-number"]'),
      'set-up choice': page.getByRole('heading', { name: 'Set up multifactor authentication' }),
      'security key set-up': page.locator('.enroll-webauthn-form input[type=submit]'),
    };
    this.complaints = '.infobox-error, .o-form-input-error, #sign-in[role=alert]';
  }

  async identify({ login, password }) {
    await this.#page.locator('#okta-signin-username').fill(login);
    await this.#page.locator('#okta-signin-password').fill(password);
    await this.stages.name.click();
  }

  async choose(means) {
    switch (means) {
      case 'code':
        return this.#page.locator('[data-se="inline-totp-add"]').click();
      case 'push':
        return this.stages.choice.click();
      default:
        return this.#page.locator('.enroll-factor-row', { hasText: 'Security Key' }).getByRole('link').click();
    }
  }

  async giveCode(code) {
    await this.stages.code.clear();
    // No faster than people, as in Identity Engine's page.
    await this.stages.code.pressSequentially(code, { delay: 50 });
    await this.stages.code.press('Enter');
  }

  resend() {
    return this.stages.choice.click();
  }

  setUpKey() {
    return this.stages['security key set-up'].click();
  }

  /** Where there is nothing to choose, it asks the browser for the key by itself. */
  async useKey() {}
}

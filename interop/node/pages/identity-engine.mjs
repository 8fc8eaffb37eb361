// Okta's Sign-In Widget as Identity Engine's page.

export class IdentityEngine {
  #page;

  /** By what is seen that the page has come to a stage. */
  stages;

  /** What the page says when a person does something wrong. */
  words = {
    wrongCode: 'We found some errors. Please review the form and make corrections. Invalid code. Try again.',
    denied: 'You have chosen to reject this login.',
  };

  /** Where the page says that something is wrong. */
  complaints;

  constructor(page) {
    this.#page = page;
    const button = (name) => page.getByRole('button', { name, exact: true });
    this.stages = {
      name: button('Sign in'),
      choice: page.getByText('Select from the following options'),
      code: page.locator('input[name="credentials.totp"]'),
      number: page.locator('[data-se="challenge-number"]'),
      'set-up choice': page.getByRole('heading', { name: 'Set up security methods' }),
      'security key set-up': page.getByRole('heading', { name: 'Set up security key or biometric authenticator' }),
    };
    this.complaints = '.infobox-error, .o-form-input-error, #sign-in[role=alert]';
  }

  async identify({ login, password }) {
    await this.#page.locator('input[name=identifier]').fill(login);
    await this.#page.locator('input[name="credentials.passcode"]').fill(password);
    await this.stages.name.click();
  }

  choose(means) {
    const named = { code: 'okta_verify-totp', push: 'okta_verify-push', 'security key': 'webauthn' };
    return this.#page.locator(`[data-se="${named[means]}"] .select-factor`).click();
  }

  async giveCode(code) {
    await this.stages.code.clear();
    // No faster than people: the widget takes what is submitted once in 200 ms, and drops the rest.
    await this.stages.code.pressSequentially(code, { delay: 50 });
    await this.stages.code.press('Enter');
  }

  resend() {
    return this.#page.getByRole('button', { name: 'Resend push notification' }).click();
  }

  setUpKey() {
    return this.#page.getByRole('link', { name: 'Set up', exact: true }).click();
  }

  /** It asks the browser for the key by itself. */
  async useKey(visit) {
    await visit.reach('choice');
    await this.choose('security key');
  }
}

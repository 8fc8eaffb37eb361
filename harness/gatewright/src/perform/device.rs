//! What people do with their phones while they sign in.

use ground::Secret;

use crate::people::Label;
use crate::stage::World;
use crate::vocabulary::StepError;

/// What the org's pages call what they ask for.
const CODE: &str = "Enter code from Okta Verify app";
const KEY: &str = "Setup key";
const VERIFY: &str = "Verify";

impl World {
    pub(super) async fn gives_a_code(&self, who: &str) -> Result<(), StepError> {
        let code = self.devices().get(who).and_then(|phone| phone.totp(self.clock().now()));
        let code = code.ok_or_else(|| {
            StepError::unmet(format!("{who}'s phone has no authenticator app with a key of the org's"))
                .advised(format!(
                    "write `given.okta.users.{who}.factors: [code]`, or let {who} set up Okta Verify first"
                ))
        })?;
        let driver = self.driver(who).await?;
        self.did(who, driver.fill(&Label::new(CODE), &code).await)?;
        self.did(who, driver.click(&Label::new(VERIFY)).await)
    }

    pub(super) async fn sets_up_okta_verify(&self, who: &str) -> Result<(), StepError> {
        let driver = self.driver(who).await?;
        let shown = self.did(who, driver.value_of(&Label::new(KEY)).await)?;
        let key: String = shown.chars().filter(|c| !c.is_whitespace()).collect();
        self.redactor().learn(&Secret::new("TOTP secret", shown));
        let qr_code = format!("otpauth://totp/acme?secret={key}&issuer=acme");
        self.scan(who, &Secret::new("TOTP secret", qr_code))?;
        self.gives_a_code(who).await
    }
}

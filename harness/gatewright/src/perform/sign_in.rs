//! Signing in, at the org and at the edge's dashboard.

use crate::people::{Label, View};
use crate::stage::World;
use crate::vocabulary::{Credentials, SignInPlace, StepError};

/// A sign-in page by what it shows.
struct SignInPage {
    origin: String,
    login: &'static str,
    password: &'static str,
    button: &'static str,
}

impl SignInPage {
    fn is_shown(&self, view: &View) -> bool {
        view.address.starts_with(&format!("{}/", self.origin))
            && [self.login, self.password].iter().all(|label| view.text.contains(label))
    }
}

impl World {
    pub(super) async fn is_asked_to_sign_in(&self, who: &str, place: SignInPlace) -> Result<(), StepError> {
        let driver = self.driver(who).await?;
        let page = self.sign_in_page(place);
        let expected =
            format!("{}, which asks for \"{}\" and \"{}\"", page.origin, page.login, page.password);
        let seen =
            crate::people::sees(&*driver, &expected, driver.patience(), |view| page.is_shown(view)).await;
        match self.did(who, seen) {
            Ok(_) => Ok(()),
            Err(error) => Err(StepError {
                what: format!("{who} was not asked to sign in at {place}"),
                expected: Some(expected),
                ..error
            }),
        }
    }

    pub(super) async fn signs_in(&self, who: &str, credentials: &Credentials) -> Result<(), StepError> {
        let place = self.sign_in_place(who).await?;
        let own = self.credentials(who, place);
        let login = self.fill_option(credentials.login.as_ref())?;
        let password = self.fill_option(credentials.password.as_ref())?;
        let (Some(login), Some(password)) = (
            login.or_else(|| own.as_ref().map(|own| own.login.clone())),
            password.or_else(|| own.as_ref().map(|own| own.password.expose().to_owned())),
        ) else {
            return Err(StepError::unmet(format!("{who} has no account at {place} to sign in with"))
                .advised("write what to sign in with: `signs in with: { login: …, password: … }`"));
        };
        let (driver, page) = (self.driver(who).await?, self.sign_in_page(place));
        self.did(who, driver.fill(&Label::new(page.login), &login).await)?;
        self.did(who, driver.fill(&Label::new(page.password), &password).await)?;
        self.did(who, driver.click(&Label::new(page.button)).await)
    }

    /// Where the browser is asking for a password.
    async fn sign_in_place(&self, who: &str) -> Result<SignInPlace, StepError> {
        let view = self.view(who).await?;
        let places = [SignInPlace::Okta, SignInPlace::Edge];
        places.into_iter().find(|place| self.sign_in_page(*place).is_shown(&view)).ok_or_else(|| {
            StepError::unmet(format!("{who} is not at a sign-in page"))
                .compared("the org's or the edge's sign-in page", self.in_words(&view))
        })
    }

    fn sign_in_page(&self, place: SignInPlace) -> SignInPage {
        match place {
            SignInPlace::Okta => SignInPage {
                origin: self.org().issuer(),
                login: "Username",
                password: "Password",
                button: "Sign In",
            },
            SignInPlace::Edge => SignInPage {
                origin: self.edge().dashboard_url(),
                login: "E-mail address",
                password: "Password",
                button: "Sign in",
            },
        }
    }
}

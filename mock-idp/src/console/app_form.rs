//! The fields of an application, as they stand in forms.

use crate::model::{App, ClientSettings, LoginInitiatedBy};
use crate::web::Params;

/// What an administrator typed, or what is to be changed; with what was wrong about it.
#[derive(Default)]
pub(super) struct AppForm {
    /// Whether OpenID Connect was chosen; only asked for when an application is added.
    pub(super) openid_connect: bool,
    pub(super) label: String,
    /// One a line.
    pub(super) redirect_uris: String,
    /// One a line.
    pub(super) logout_uris: String,
    pub(super) either: bool,
    pub(super) initiate_login_uri: String,
    pub(super) pkce_required: bool,
    wrong: Option<(&'static str, String)>,
}

impl AppForm {
    /// A form with this label and nothing else.
    pub(super) fn labelled(label: &str) -> Self {
        Self { label: label.to_owned(), ..Self::default() }
    }

    /// The form that shows what an application is now.
    pub(super) fn of(app: &App) -> Self {
        let settings = &app.settings;
        Self {
            openid_connect: true,
            label: app.label.clone(),
            redirect_uris: settings.redirect_uris.join("\n"),
            logout_uris: settings.post_logout_redirect_uris.join("\n"),
            either: settings.login_initiated_by == LoginInitiatedBy::EitherOktaOrApp,
            initiate_login_uri: settings.initiate_login_uri.clone().unwrap_or_default(),
            pkce_required: settings.pkce_required,
            wrong: None,
        }
    }

    /// The form as it was sent.
    pub(super) fn sent(form: &Params) -> Self {
        Self {
            openid_connect: form.text("sign_on") == "OPENID_CONNECT",
            label: form.text("label").to_owned(),
            redirect_uris: form.text("redirect_uris").to_owned(),
            logout_uris: form.text("logout_uris").to_owned(),
            either: form.text("initiated_by") == "either",
            initiate_login_uri: form.text("initiate_login_uri").to_owned(),
            pkce_required: form.has("pkce_required"),
            wrong: None,
        }
    }

    /// The settings that the form asks for; what it doesn't speak of stays as in `before`.
    pub(super) fn settings(&self, before: ClientSettings) -> ClientSettings {
        let initiate = self.initiate_login_uri.trim();
        ClientSettings {
            redirect_uris: lines(&self.redirect_uris),
            post_logout_redirect_uris: lines(&self.logout_uris),
            initiate_login_uri: (!initiate.is_empty()).then(|| initiate.to_owned()),
            login_initiated_by: match self.either {
                true => LoginInitiatedBy::EitherOktaOrApp,
                false => LoginInitiatedBy::AppOnly,
            },
            ..before
        }
    }

    /// The same form, with what was wrong about a field.
    pub(super) fn refused(self, field: &'static str, reason: impl Into<String>) -> Self {
        Self { wrong: Some((field, reason.into())), ..self }
    }

    /// What was wrong about this field.
    pub(super) fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(about, _)| *about == field).map(|(_, reason)| reason.as_str())
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_back_unchanged_changes_nothing() {
        let settings = ClientSettings {
            redirect_uris: vec!["https://a.test/cb".into(), "https://b.test/cb".into()],
            post_logout_redirect_uris: vec!["https://a.test/bye".into()],
            initiate_login_uri: Some("https://a.test/begin".into()),
            login_initiated_by: LoginInitiatedBy::EitherOktaOrApp,
            ..ClientSettings::default()
        };
        let sent = "label=x&redirect_uris=https://a.test/cb%0D%0A++https://b.test/cb%0D%0A%0D%0A\
                    &logout_uris=https://a.test/bye&initiated_by=either&initiate_login_uri=https://a.test/begin";
        let form = AppForm::sent(&Params::parse(sent.as_bytes()));
        assert_eq!(form.settings(settings.clone()), settings);
        assert!(!form.pkce_required);
    }

    #[test]
    fn only_the_field_that_is_wrong_says_so() {
        let form = AppForm::labelled("").refused("label", "too short");
        assert_eq!((form.wrong("label"), form.wrong("redirect_uris")), (Some("too short"), None));
    }
}

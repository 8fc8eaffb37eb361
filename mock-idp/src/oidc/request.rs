//! Reading an authorization request (OpenID Connect Core, 3.1.2.1): first where the answer may go at all, then whether
//! what is asked makes sense.

use std::sync::Arc;

use chrono::TimeDelta;

use super::acr::Acr;
use super::device;
use super::error::{self, OAuthError};
use super::pkce::Challenge;
use super::response_type::ResponseTypes;
use super::scope::Scopes;
use crate::model::{App, AppId, AppStatus, Asked, AuthorizationServer, Digest, GrantType, Model, ServerName};
use crate::web::Params;

/// Where the answer to a request goes.
#[derive(Clone, Debug)]
pub(crate) struct ReplyTo {
    /// Which authorization server answers.
    pub(crate) server: ServerName,
    pub(crate) redirect_uri: String,
    pub(crate) mode: ResponseMode,
    /// Empty when the request had none, which makes it invalid.
    pub(crate) state: String,
}

/// How the answer's parameters travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
    /// To the window that opened or frames this one (Okta's own).
    PostMessage,
}

/// A request that makes sense.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizeRequest {
    /// Which authorization server was asked.
    pub(crate) server: ServerName,
    pub(crate) app: AppId,
    /// The app's label, which the sign-in page shows.
    pub(crate) label: String,
    pub(crate) reply_to: ReplyTo,
    pub(crate) response_types: ResponseTypes,
    pub(crate) scopes: Scopes,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) prompt: Prompt,
    /// The greatest age of the authentication, in seconds.
    pub(crate) max_age: Option<i64>,
    /// The degree of proof that is asked for.
    pub(crate) acr: Option<Acr>,
    pub(crate) login_hint: String,
    /// Whether the client has the person asked for consent.
    pub(crate) asks_consent: bool,
    /// The device that waits for the answer, in place of a relying party.
    pub(crate) device: Option<Digest>,
}

/// Whether the person may or must be asked who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// As needed.
    Default,
    /// Not at all.
    None,
    /// In any case.
    Login,
}

/// A request that doesn't: either nobody can be told but the person, or the relying party is.
#[derive(Debug)]
pub(crate) enum Unacceptable {
    Page(OAuthError),
    Reply(Box<ReplyTo>, OAuthError),
}

impl AuthorizeRequest {
    pub(crate) fn read(
        params: &Params,
        model: &Model,
        server: &AuthorizationServer,
    ) -> Result<Self, Unacceptable> {
        let app = client(params, model).map_err(Unacceptable::Page)?;
        let redirect_uri = redirect_uri(params, &app).map_err(Unacceptable::Page)?;
        let types = response_types(params, &app, server);
        let mode = response_mode(params, types.as_ref().ok().copied());
        // A mistake is told as an answer without tokens would be, unless the request says how.
        let told = mode.as_ref().map_or(ResponseMode::Query, |mode| *mode);
        let (server_name, state) = (server.name.clone(), params.text("state").to_owned());
        let reply_to = ReplyTo { server: server_name, redirect_uri, mode: told, state };
        let read = types.and_then(|types| mode.map(|_| types));
        let read = read.and_then(|types| Self::read_rest(params, &app, server, &reply_to, types));
        read.map_err(|error| Unacceptable::Reply(Box::new(reply_to), error))
    }

    fn read_rest(
        params: &Params,
        app: &App,
        server: &AuthorizationServer,
        reply_to: &ReplyTo,
        response_types: ResponseTypes,
    ) -> Result<Self, OAuthError> {
        if params.duplicate().is_some() {
            return Err(error::duplicate_parameters());
        }
        if params.has("request_uri") {
            return Err(error::request_uri_not_supported());
        }
        if reply_to.state.is_empty() {
            return Err(error::invalid_state());
        }
        let mut scopes = Scopes::of_person(params.text("scope"), server)?;
        if !app.settings.grant_types.contains(&GrantType::RefreshToken) || !response_types.code {
            // Nothing is granted by it then. Which words Okta has for it is not settled.
            scopes = scopes.without("offline_access");
        }
        let challenge = Challenge::of(params.value("code_challenge"), params.value("code_challenge_method"))?;
        if app.settings.pkce_required && challenge.is_none() {
            return Err(error::pkce_missing_challenge());
        }
        if response_types.has_tokens() && params.value("nonce").is_none() {
            return Err(error::invalid_nonce());
        }
        let prompt = prompt(params.value("prompt"))?;
        let max_age = params.value("max_age").map(max_age).transpose()?;
        if prompt == Prompt::None && max_age == Some(0) {
            return Err(error::invalid_prompt_for_zero_max_age());
        }
        Ok(Self {
            server: server.name.clone(),
            app: app.id.clone(),
            label: app.label.clone(),
            reply_to: reply_to.clone(),
            response_types,
            scopes,
            nonce: params.value("nonce").map(str::to_owned),
            challenge,
            prompt,
            max_age,
            acr: Acr::of(params.text("acr_values")),
            login_hint: params.text("login_hint").to_owned(),
            asks_consent: params.text("prompt").split(' ').any(|word| word == "consent"),
            device: None,
        })
    }
}

impl AuthorizeRequest {
    /// The request of a device that has no browser, once somebody has entered its code in one.
    pub(super) fn of_device(device: Digest, asked: &device::Asked, app: &App) -> Self {
        let (server, redirect_uri, state) = (asked.server.clone(), String::new(), String::new());
        Self {
            server: asked.server.clone(),
            app: app.id.clone(),
            label: app.label.clone(),
            reply_to: ReplyTo { server, redirect_uri, mode: ResponseMode::Query, state },
            response_types: ResponseTypes { code: true, id_token: false, token: false },
            scopes: asked.scopes.clone(),
            nonce: None,
            challenge: None,
            prompt: Prompt::Default,
            max_age: None,
            acr: None,
            login_hint: String::new(),
            asks_consent: false,
            device: Some(device),
        }
    }

    /// By which kind of grant its client gets its tokens.
    pub(super) fn grant_type(&self) -> GrantType {
        match self.device {
            Some(_) => GrantType::DeviceCode,
            None if self.response_types.code => GrantType::AuthorizationCode,
            None => GrantType::Implicit,
        }
    }

    /// What the relying party asks for on top of the org's policies.
    pub(crate) fn asked(&self) -> Asked {
        let max_age = match self.prompt {
            Prompt::Login => Some(0),
            Prompt::Default | Prompt::None => self.max_age,
        };
        Asked {
            assurance: self.acr.map(Acr::assurance),
            if_possible: self.acr == Some(Acr::TwoFactorsIfPossible),
            max_age: max_age.map(TimeDelta::seconds),
        }
    }
}

/// Given once or not at all: which of two would be meant, nobody knows.
fn single<'a>(params: &'a Params, name: &'a str) -> Option<&'a str> {
    let mut values = params.values(name);
    values.next().filter(|value| !value.is_empty() && values.next().is_none())
}

fn client(params: &Params, model: &Model) -> Result<Arc<App>, OAuthError> {
    let id = single(params, "client_id").ok_or_else(error::invalid_client_id)?;
    let app = model.app(&AppId::new(id)).ok_or_else(error::invalid_client_id)?;
    if app.status == AppStatus::Active { Ok(app) } else { Err(error::invalid_client_id()) }
}

/// One of the registered ones, letter for letter.
fn redirect_uri(params: &Params, app: &App) -> Result<String, OAuthError> {
    let given = single(params, "redirect_uri").ok_or_else(error::illegal_redirect_uri)?;
    let registered = app.settings.redirect_uris.iter().find(|registered| *registered == given);
    registered.cloned().ok_or_else(error::illegal_redirect_uri)
}

/// What the server supports and the application is configured for.
fn response_types(
    params: &Params,
    app: &App,
    server: &AuthorizationServer,
) -> Result<ResponseTypes, OAuthError> {
    let asked = params.value("response_type").and_then(ResponseTypes::parse);
    let supported = |types: &ResponseTypes| {
        server.response_types().iter().any(|known| ResponseTypes::parse(known) == Some(*types))
    };
    let own = &app.settings.response_types;
    asked.filter(supported).filter(|types| types.are_among(own)).ok_or_else(|| {
        let names: Vec<&str> = own.iter().map(|it| it.name()).collect();
        error::unsupported_response_type(&names.join(", "))
    })
}

/// How the answer travels: tokens never in a query. (Okta's catalogue has words against a code by `okta_post_message`, yet
/// okta-auth-js fetches its codes so, always with a code challenge.)
fn response_mode(params: &Params, types: Option<ResponseTypes>) -> Result<ResponseMode, OAuthError> {
    let tokens = types.is_some_and(ResponseTypes::has_tokens);
    match params.value("response_mode") {
        None if tokens => Ok(ResponseMode::Fragment),
        Some("query") if tokens => Err(error::query_with_tokens()),
        None | Some("query") => Ok(ResponseMode::Query),
        Some("fragment") => Ok(ResponseMode::Fragment),
        Some("form_post") => Ok(ResponseMode::FormPost),
        Some("okta_post_message") if params.has("code_challenge") || types.is_some_and(|it| !it.code) => {
            Ok(ResponseMode::PostMessage)
        }
        Some("okta_post_message") => Err(error::post_message_with_code()),
        Some(_) => Err(error::unsupported_response_mode()),
    }
}

fn prompt(given: Option<&str>) -> Result<Prompt, OAuthError> {
    match given {
        None | Some("consent") => Ok(Prompt::Default),
        Some("none") => Ok(Prompt::None),
        Some("login" | "login consent") => Ok(Prompt::Login),
        Some(_) => Err(error::invalid_prompt()),
    }
}

fn max_age(given: &str) -> Result<i64, OAuthError> {
    let digits = !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = given.parse().ok().filter(|seconds| digits && *seconds <= i64::from(i32::MAX));
    seconds.ok_or_else(error::invalid_max_age)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause, NewApp};
    use ground::{Clock, Sink};
    use proptest::prelude::*;

    const CALLBACK: &str = "https://idp.tunnel.test/oauth2/callback";

    fn org() -> (Model, Arc<App>) {
        let model = Model::new(Clock::new(), Sink::forgetful());
        let app = model.create_app(NewApp::web("ngrok", CALLBACK), &Cause::system()).unwrap();
        (model, app)
    }

    fn read(query: &str) -> Result<AuthorizeRequest, Unacceptable> {
        let (model, app) = org();
        let query = query.replace("{id}", app.client_id()).replace("{cb}", CALLBACK);
        AuthorizeRequest::read(&Params::parse(query.as_bytes()), &model, &server(&model))
    }

    fn server(model: &Model) -> Arc<AuthorizationServer> {
        model.authorization_server(&ServerName::Org).unwrap()
    }

    const GOOD: &str = "client_id={id}&redirect_uri={cb}&response_type=code&state=s&scope=openid";

    #[test]
    fn a_wrong_client_or_redirect_uri_is_told_to_the_person_alone() {
        for query in [
            "",
            "redirect_uri={cb}",
            "client_id=0oaUnknown&redirect_uri={cb}",
            "client_id={id}&client_id={id}&redirect_uri={cb}",
            "client_id={id}",
            "client_id={id}&redirect_uri={cb}/",
            "client_id={id}&redirect_uri={cb}?x=1",
            "client_id={id}&redirect_uri={cb}%23x",
            "client_id={id}&redirect_uri=HTTPS://idp.tunnel.test/oauth2/callback",
            "client_id={id}&redirect_uri=https://idp.tunnel.test:443/oauth2/callback",
            "client_id={id}&redirect_uri=https://x@idp.tunnel.test/oauth2/callback",
            "client_id={id}&redirect_uri=https://idp.tunnel.test.evil.test/oauth2/callback",
            "client_id={id}&redirect_uri=https://idp.tunnel.test/oauth2/../oauth2/callback",
            "client_id={id}&redirect_uri={cb}&redirect_uri={cb}",
        ] {
            assert!(matches!(read(query), Err(Unacceptable::Page(_))), "{query}");
        }
    }

    #[test]
    fn other_mistakes_are_told_to_the_relying_party() {
        for (extra, expected) in [
            ("&state=t", error::duplicate_parameters()),
            ("&request_uri=urn:x", error::request_uri_not_supported()),
            ("&prompt=dance", error::invalid_prompt()),
            ("&prompt=none&max_age=0", error::invalid_prompt_for_zero_max_age()),
            ("&max_age=-1", error::invalid_max_age()),
            ("&max_age=+1", error::invalid_max_age()),
            ("&max_age=2147483648", error::invalid_max_age()),
            ("&response_mode=okta_post_message", error::post_message_with_code()),
            ("&response_mode=pigeon", error::unsupported_response_mode()),
            ("&code_challenge=abc&code_challenge_method=plain", error::pkce_unsupported_method()),
        ] {
            match read(&format!("{GOOD}{extra}")) {
                Err(Unacceptable::Reply(reply_to, error)) => {
                    assert_eq!((error, reply_to.redirect_uri.as_str()), (expected, CALLBACK));
                }
                other => panic!("{extra}: {other:?}"),
            }
        }
        let stateless = GOOD.replace("&state=s", "");
        assert!(matches!(read(&stateless), Err(Unacceptable::Reply(_, e)) if e == error::invalid_state()));
        let implicit = GOOD.replace("=code", "=id_token");
        assert!(
            matches!(read(&implicit), Err(Unacceptable::Reply(_, e)) if e == error::unsupported_response_type("code"))
        );
    }

    #[test]
    fn an_inactive_application_is_not_there() {
        let (model, app) = org();
        model.set_app_status(&app.id, AppStatus::Inactive, &Cause::system()).unwrap();
        let query = GOOD.replace("{id}", app.client_id()).replace("{cb}", CALLBACK);
        let read = AuthorizeRequest::read(&Params::parse(query.as_bytes()), &model, &server(&model));
        assert!(matches!(read, Err(Unacceptable::Page(e)) if e == error::invalid_client_id()));
    }

    #[test]
    fn what_was_asked_is_understood() {
        let request = read(&format!("{GOOD}&prompt=login&max_age=60&login_hint=alice&nonce=n")).unwrap();
        assert_eq!((request.prompt, request.max_age), (Prompt::Login, Some(60)));
        assert_eq!((request.login_hint.as_str(), request.nonce.as_deref()), ("alice", Some("n")));
    }

    proptest! {
        #[test]
        fn no_redirect_uri_but_the_registered_one_is_replied_to(uri in "(https://)?[a-z./:@?#%\\\\]{0,60}") {
            prop_assume!(uri != CALLBACK);
            let (model, app) = org();
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("client_id", app.client_id()).append_pair("redirect_uri", &uri);
            let read = AuthorizeRequest::read(&Params::parse(query.finish().as_bytes()), &model, &server(&model));
            prop_assert!(matches!(read, Err(Unacceptable::Page(_))));
        }
    }
}

//! `gatewright okta`.

use std::path::Path;

use gatewright::parts::ground::{Authority, Clock, Sink};
use gatewright::parts::mock_idp::{Config, Engine, KeyPool, Org, SignInWidget, StartError};
use gatewright::stage::Login;
use serde::Serialize;

use super::table::{Table, json_line};
use crate::authorities::written;
use crate::cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::print;

/// What somebody needs to use the org.
#[derive(Serialize)]
struct Said<'a> {
    okta: SaidOfOrg<'a>,
    ca_pem: &'a Path,
}

#[derive(Serialize)]
struct SaidOfOrg<'a> {
    issuer: String,
    https_addr: String,
    admin_url: String,
    admin: Login,
    api_token: &'a str,
}

/// Runs an org until it is interrupted.
pub(crate) async fn okta(args: cli::Okta) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::listen()?;
    let authority = Authority::new().map_err(Failure::failed)?;
    let engine = match args.engine {
        cli::SignInEngine::IdentityEngine => Engine::IdentityEngine,
        cli::SignInEngine::Classic => Engine::Classic,
    };
    let open = |folder| SignInWidget::open(folder, engine);
    let widget = args.sign_in_widget.as_deref().map(open).transpose();
    let sign_in_widget = widget.map_err(Failure::usage)?;
    let config = Config {
        host: format!("{}.okta.localhost", args.name),
        admin_host: format!("{}-admin.okta.localhost", args.name),
        name: args.name,
        public_port: None,
        authority: authority.clone(),
        clock: Clock::new(),
        evidence: Sink::forgetful(),
        keys: KeyPool::of_this_user().map_err(Failure::lacking)?,
        sign_in_widget,
    };
    // The first keys ever take their time.
    let org = tokio::select! {
        started = Org::start(config) => started,
        () = interrupts.next() => return Ok(Exit::Passed),
    };
    let org = org.map_err(|error| match error {
        StartError::Keys(_) | StartError::Listen(_) => Failure::lacking(error),
        other => Failure::failed(other),
    })?;
    let file = written(&authority)?;
    let said = if args.showing.json {
        in_json(&org, file.path())
    } else {
        Ok(in_words(args.showing.show_secrets, &org, file.path()))
    };
    if said.and_then(print::block).is_ok() {
        interrupts.next().await;
    }
    interrupts.or_at_once(org.stop()).await;
    Ok(Exit::Passed)
}

fn in_json(org: &Org, file: &Path) -> Result<String, Failure> {
    let admin = org.administrator();
    json_line(&Said {
        okta: SaidOfOrg {
            issuer: org.issuer(),
            https_addr: org.https_addr().to_string(),
            admin_url: org.admin_url(),
            admin: Login { login: admin.login.clone(), password: admin.password.expose().to_owned() },
            api_token: org.api_token().expose(),
        },
        ca_pem: file,
    })
}

fn in_words(show_secrets: bool, org: &Org, file: &Path) -> String {
    let admin = org.administrator();
    let mut table = Table::new(show_secrets);
    table
        .row("Issuer", org.issuer())
        .row("Admin console", org.admin_url())
        .row("Login", &*admin.login)
        .secret("Password", admin.password.expose())
        .secret("API token", org.api_token().expose())
        .row("Authority", file.display().to_string());
    format!("{table}\nAn edge trusts it by --root-cas {}\nCtrl+C ends it.\n", file.display())
}

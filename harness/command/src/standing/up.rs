//! `gatewright up`.

use gatewright::People;
use gatewright::browser::Engine;
use gatewright::stage::{Card, Names, Standing};

use super::table::{Table, json_line};
use crate::cli;
use crate::doctor::installed;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupts::Interrupts;
use crate::{print, wait_for};

/// Who opens the consoles: the edge's administrator.
const VISITOR: &str = "ada";

/// Stands a world up until it is interrupted.
pub(crate) fn up(args: &cli::Up) -> Result<Exit, Failure> {
    let people = match args.open {
        true => {
            People::Browser { installation: installed(Engine::Chromium, None)?, headed: true, fresh: true }
        }
        false => People::Http,
    };
    wait_for(stand(args, people))
}

async fn stand(args: &cli::Up, people: People) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::listen()?;
    let run = gatewright::Run::start(people, 1).map_err(Failure::lacking)?;
    let names = if args.loopback_urls { Names::ON_LOOPBACK } else { Names::IN_THE_NETWORK };
    // The first signing keys ever take their time.
    let standing = tokio::select! {
        standing = Standing::set(&run, &names) => standing.map_err(Failure::failed)?,
        () = interrupts.next() => return Ok(Exit::Passed),
    };
    let kept = keep(args, &standing, &mut interrupts).await;
    interrupts
        .or_at_once(async {
            standing.strike().await;
            run.stop().await;
        })
        .await;
    kept.map(|()| Exit::Passed)
}

/// Says what it is, shows it where that is wanted, and waits for the interrupt.
async fn keep(args: &cli::Up, standing: &Standing, interrupts: &mut Interrupts) -> Result<(), Failure> {
    let card = standing.card();
    print::block(match args.showing.json {
        true => json_line(&card)?,
        false => in_words(args, &card),
    })?;
    if args.open {
        let visitor = standing.stage().person(VISITOR);
        let opening = async {
            visitor.opens(&*card.okta.admin_url).await?;
            visitor.opens_a_tab(&*card.edge.dashboard_url).await
        };
        tokio::select! {
            opened = opening => opened.map_err(Failure::lacking)?,
            () = interrupts.next() => return Ok(()),
        }
    }
    interrupts.next().await;
    Ok(())
}

fn in_words(args: &cli::Up, card: &Card) -> String {
    let mut table = Table::new(args.showing.show_secrets);
    table
        .row("Okta", &*card.okta.issuer)
        .row("Admin console", &*card.okta.admin_url)
        .row("Login", &*card.okta.admin.login)
        .secret("Password", &card.okta.admin.password)
        .secret("API token", &card.okta.api_token)
        .row("Client ID", &*card.okta.client_id)
        .secret("Client secret", &card.okta.client_secret);
    for user in &card.okta.users {
        let assigned = if user.assigned { "assigned" } else { "not assigned" };
        table.row("User", format!("{} ({assigned})", user.login)).secret("Password", &user.password);
    }
    table
        .gap()
        .row("Edge", &*card.edge.https_addr)
        .row("Agents", &*card.edge.agent_addr)
        .row("Domain", &*card.edge.domain)
        .row("Dashboard", &*card.edge.dashboard_url)
        .row("Login", &*card.edge.admin.login)
        .secret("Password", &card.edge.admin.password)
        .row("API", &*card.edge.api_url)
        .secret("API key", &card.edge.api_key)
        .secret("Authtoken", &card.edge.authtoken)
        .gap()
        .row("Authority", card.ca_pem.display().to_string())
        .row("Proxy", &*card.proxy);
    let (pem, agents) = (card.ca_pem.display(), &card.edge.agent_addr);
    let proxy = if args.loopback_urls { String::new() } else { format!(" --proxy http://{}", card.proxy) };
    format!(
        "{table}\nA page of it is seen by\n  curl --cacert {pem}{proxy} {}/.well-known/openid-configuration\nAn agent \
         joins it, with the authtoken in NGROK_AUTHTOKEN, by\n  gatewright http 3000 --server-addr {agents} --root-cas \
         {pem}\nCtrl+C ends it.\n",
        card.okta.issuer
    )
}

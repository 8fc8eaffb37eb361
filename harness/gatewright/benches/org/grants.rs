//! Token grants a second, beside what the signatures alone would allow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::client::Client;
use crate::figures::{Series, Table};
use crate::scene::{self, Scene};
use crate::signing::{Signed, Signing};
use crate::{Effort, OKTA, Outcome, cores, machine};

/// Enough that every core always has something to do.
const CONNECTIONS_A_CORE: usize = 4;

/// What is done over and over.
#[derive(Clone)]
enum Doing {
    /// Nothing that is signed: what HTTP and TLS cost, the client's part included.
    Keys,
    ClientCredentials,
    /// The authorization request of somebody with a session, and the code's redemption.
    Code {
        authorize: Arc<str>,
    },
}

/// One kind of doing, on its connections, with what came of it round by round.
struct Measured {
    name: &'static str,
    doing: Doing,
    signatures: usize,
    clients: Vec<Client>,
    rounds: Vec<Round>,
    times: Series,
}

struct Round {
    rate: f64,
    /// Of what signing alone allows.
    ratio: f64,
    /// The part of the org's own processor time that signing takes.
    signing: Option<f64>,
    /// The clients' part of all the processor time.
    clients: Option<f64>,
}

pub(crate) async fn measure(effort: Effort, threads: &Handle) -> Outcome<Table> {
    let scene = Scene::set_with_keys(threads).await?;
    let (mut all, token) = all(&scene).await?;
    let signing = Signing::of(&token)?;
    let (mut rates, mut each) = (Vec::new(), Vec::new());
    // Signing is measured before and after all else, since a machine is not equally fast all the time. No connection
    // lies idle for longer than an org lets it.
    let mut before = signing.measure(effort.part)?;
    for round in 0..=effort.rounds {
        for measured in &mut all {
            let tally = measured.go_on(effort.part).await?;
            let after = signing.measure(effort.part)?;
            if round > 0 {
                rates.push(after.rate);
                each.extend(after.each);
                measured.count(tally, [before, after]);
            }
            before = after;
        }
    }
    scene.strike().await;
    Ok(table(&all, rates, &each))
}

async fn all(scene: &Scene) -> Outcome<(Vec<Measured>, String)> {
    let (model, connections) = (scene.model(), CONNECTIONS_A_CORE * cores().get());
    let (service, web) = (scene::service(model)?, scene::web_app(model)?);
    let [credentials, of_web] = [scene::basic(&service)?, scene::basic(&web)?];
    let (mut anybody, mut services, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..connections {
        anybody.push(scene.client().await?);
        services.push(scene.client().await?.authorized(&credentials)?);
        let user = scene::user(model, number)?;
        model.assign_user(&web.id, &user.id, &gatewright::parts::mock_idp::model::Cause::system())?;
        people.push(scene.client_of(&user).await?.authorized(&of_web)?);
    }
    let code = Doing::Code { authorize: scene::authorize_path(&web).into() };
    let mut all = Vec::new();
    let mut token = String::new();
    for (name, doing, mut clients) in [
        ("the JWK set asked for", Doing::Keys, anybody),
        ("client credentials", Doing::ClientCredentials, services),
        ("code with PKCE: authorize and token", code, people),
    ] {
        let answer = doing.once(&mut clients[0]).await?;
        let tokens: Vec<&str> = signed(&answer).collect();
        token = tokens.first().map_or(token, |token| (*token).to_owned());
        let signatures = tokens.len();
        all.push(Measured { name, doing, signatures, clients, rounds: Vec::new(), times: Series::default() });
    }
    Ok((all, token))
}

/// The tokens of an answer that somebody had to sign.
fn signed(answer: &Value) -> impl Iterator<Item = &str> {
    let tokens = ["access_token", "id_token"].into_iter().filter_map(|name| answer[name].as_str());
    tokens.filter(|token| token.split('.').count() == 3 && !token.ends_with('.'))
}

impl Doing {
    async fn once(&self, client: &mut Client) -> Outcome<Value> {
        match self {
            Self::Keys => client.get(scene::JWKS).await,
            Self::ClientCredentials => client.post_form(scene::OWN_TOKEN, &scene::for_itself()).await,
            Self::Code { authorize } => {
                let code = client.code(authorize).await?;
                client.post_form(scene::TOKEN, &scene::redeeming(&code)).await
            }
        }
    }
}

/// What came of one part of a round.
struct Tally {
    times: Series,
    count: usize,
    took: Duration,
    /// The org's processor time, and that of whoever asked.
    used: Option<(Duration, Duration)>,
}

impl Measured {
    async fn go_on(&mut self, time: Duration) -> Outcome<Tally> {
        let used = used();
        let began = Instant::now();
        let asking = self.clients.drain(..).map(|mut client| {
            let doing = self.doing.clone();
            tokio::spawn(async move {
                let (mut times, mut count) = (Series::default(), 0);
                while began.elapsed() < time {
                    let begun = Instant::now();
                    doing.once(&mut client).await?;
                    times.note(begun.elapsed());
                    count += 1;
                }
                Outcome::Ok((client, times, count))
            })
        });
        let asked = try_join_all(asking).await?;
        let took = began.elapsed();
        let used = self::used().zip(used).map(|(now, then)| (now.0 - then.0, now.1 - then.1));
        let mut tally = Tally { times: Series::default(), count: 0, took, used };
        for asked in asked {
            let (client, times, count) = asked?;
            self.clients.push(client);
            tally.times.extend(times);
            tally.count += count;
        }
        Ok(tally)
    }

    fn count(&mut self, tally: Tally, beside: [Signed; 2]) {
        let rate = tally.count as f64 / tally.took.as_secs_f64();
        let alone = beside.iter().map(|signed| signed.rate).sum::<f64>() / 2.0 * cores().get() as f64;
        let each = beside.iter().map(|signed| signed.each).sum::<Option<Duration>>().map(|each| each / 2);
        let signatures = self.signatures as f64;
        let share = |part: f64, whole: Duration| part / whole.as_secs_f64();
        self.rounds.push(Round {
            rate,
            ratio: rate * signatures / alone,
            signing: each
                .zip(tally.used)
                .map(|(each, (org, _))| share(each.as_secs_f64() * signatures * tally.count as f64, org)),
            clients: tally.used.map(|(org, clients)| share(clients.as_secs_f64(), org + clients)),
        });
        self.times.extend(tally.times);
    }

    fn row(&self, table: &mut Table) {
        let percent = |value: Option<f64>| value.map_or("-".to_owned(), |it| format!("{:.0} %", 100.0 * it));
        let of = |value: fn(&Round) -> Option<f64>| median(self.rounds.iter().filter_map(value).collect());
        let signs = self.signatures > 0;
        let [p50, p95] = [50, 95].map(|percent| format!("{:.1}", self.times.percentile(percent)));
        let name = match self.signatures {
            0 => format!("{}, no signature", self.name),
            1 => format!("{}, 1 signature", self.name),
            more => format!("{}, {more} signatures", self.name),
        };
        table.row(
            name,
            [
                of(|round| Some(round.rate)).map_or("-".to_owned(), |rate| format!("{rate:.0}")),
                percent(of(|round| Some(round.ratio)).filter(|_| signs)),
                percent(of(|round| round.signing).filter(|_| signs)),
                percent(of(|round| round.clients)),
                p50,
                p95,
            ],
        );
    }
}

/// The processor time of the org's threads and of the clients'.
fn used() -> Option<(Duration, Duration)> {
    machine::of_threads(OKTA).zip(machine::of_threads("client"))
}

fn table(all: &[Measured], rates: Vec<f64>, each: &[Duration]) -> Table {
    let (cores, connections) = (cores(), all.first().map_or(0, |measured| measured.clients.len()));
    let title = format!("Grants over TLS, {connections} at once, {cores} cores");
    let heads = ["a second", "of signing", "org signs", "clients", "p50 ms", "p95 ms"];
    let mut table = Table::new(title, &heads);
    let rate = median(rates).unwrap_or(f64::NAN);
    table.row("RSA-2048 signatures and nothing else, on each core", [format!("{rate:.0}")]);
    all.iter().for_each(|measured| measured.row(&mut table));
    table.note(
        "of signing: of what the core count times that rate allows, by the signatures that a grant takes",
    );
    table.note("org signs: the part of the org's own processor time that its signatures take");
    table.note("clients: the part of all the processor time that the clients take, on the same cores");
    if let Some(each) = median(each.iter().map(Duration::as_secs_f64).collect()) {
        table.note(format!("a signature takes {:.3} ms of a processor", each * 1000.0));
    }
    table
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

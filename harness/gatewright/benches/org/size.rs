//! What a large org takes, and whether anything in it takes longer.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use gatewright::parts::mock_idp::model::{
    App, Asked, AuthenticationMethod, Cause, Characteristics, Model, Sitting, User, Verdict, Verification,
};
use tokio::runtime::Handle;

use crate::client::Client;
use crate::figures::{Series, Table};
use crate::scene::{self, Scene};
use crate::{Effort, Outcome, machine};

/// Users of the small org.
const FEW: usize = 10;

/// How many are timed together, since a clock is too coarse for one.
const BATCH: u32 = 1000;

const BATCHES: usize = 300;

/// The same questions, to whichever org.
struct Questions<'a> {
    model: &'a Model,
    app: &'a App,
    asker: Client,
    authorizations: usize,
}

pub(crate) async fn measure(effort: Effort, threads: &Handle) -> Outcome<Table> {
    let scene = Scene::set_with_keys(threads).await?;
    let (model, app) = (scene.model(), scene::web_app(scene.model())?);
    let mut users = Vec::with_capacity(effort.users);
    for number in 0..FEW {
        let user = scene::user(model, number)?;
        if number == 0 {
            model.assign_user(&app.id, &user.id, &Cause::system())?;
        }
        users.push(user);
    }
    let asker = scene.client_of(&users[0]).await?;
    let mut questions = Questions { model, app: &app, asker, authorizations: effort.authorizations };
    // The System Log, which is bounded, is full after this, so that it counts to neither.
    questions.fill_log().await?;
    let few = questions.ask(&users).await?;
    let before = machine::resident();
    grow(model, &app, &mut users, effort)?;
    let grown = machine::resident();
    // The org has closed the connection, on which nothing was asked meanwhile.
    questions.asker = scene.client_of(&users[0]).await?;
    let some: Vec<_> = users[..FEW].to_vec();
    let same = questions.ask(&some).await?;
    let many = questions.ask(&users).await?;
    let title = format!("{} users, {} of them assigned", effort.users, effort.assigned);
    let mut table = Table::new(title, &["10 users", "p95", "the same 10", "p95", "all", "p95"]);
    for (place, name) in Answers::NAMES.into_iter().enumerate() {
        let columns = [&few, &same, &many].map(|answers| &answers.series[place]);
        let values = columns.iter().flat_map(|series| [50, 95].map(|percent| series.percentile(percent)));
        // Noted are milliseconds, of a batch where there is one.
        let values = values.map(|value| value * Answers::SCALES[place]);
        table.row(name, values.map(|value| format!("{value:.2}")).collect::<Vec<_>>());
    }
    if let Some((before, grown)) = before.zip(grown) {
        let (more, users) = (grown.saturating_sub(before), effort.users - FEW);
        table.note(format!(
            "this process, client included, takes {} MiB with {FEW} users and {} MiB with all: {} bytes a user",
            before / 1024,
            grown / 1024,
            more * 1024 / users as u64,
        ));
    }
    drop(questions);
    scene.strike().await;
    Ok(table)
}

/// Makes users until there are as many as there shall be, and assigns them.
fn grow(model: &Model, app: &App, users: &mut Vec<Arc<User>>, effort: Effort) -> Outcome {
    let (from, workers) = (users.len(), crate::cores().get());
    let made = std::thread::scope(|scope| {
        let making: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let numbers = (from..effort.users).skip(worker).step_by(workers);
                    numbers.map(|number| scene::user(model, number)).collect::<Outcome<Vec<_>>>()
                })
            })
            .collect();
        making
            .into_iter()
            .map(|making| making.join().map_err(|_| "a user could not be made")?)
            .collect::<Outcome<Vec<_>>>()
    })?;
    users.extend(made.into_iter().flatten());
    // Spread over the whole org; the first has been assigned before.
    for user in users.iter().step_by(effort.users / effort.assigned) {
        model.assign_user(&app.id, &user.id, &Cause::system())?;
    }
    Ok(())
}

/// What the questions took.
struct Answers {
    series: [Series; 3],
}

impl Answers {
    const NAMES: [&str; 3] = [
        "an assignment check, µs",
        "what the policies say to a signed-in person, µs",
        "authorize to callback, over TLS, ms",
    ];
    /// From milliseconds (of a batch) to what the name says.
    const SCALES: [f64; 3] = [1000.0 / BATCH as f64, 1000.0 / BATCH as f64, 1.0];
}

impl Questions<'_> {
    async fn fill_log(&mut self) -> Outcome {
        const ENTRIES: usize = 20_000;
        let path = scene::authorize_path(self.app);
        for _ in 0..ENTRIES / 2 {
            self.asker.code(&path).await?;
        }
        Ok(())
    }

    async fn ask(&mut self, users: &[Arc<User>]) -> Outcome<Answers> {
        let mut authorized = Series::default();
        let path = scene::authorize_path(self.app);
        for _ in 0..self.authorizations {
            let began = Instant::now();
            self.asker.code(&path).await?;
            authorized.note(began.elapsed());
        }
        let check = |user: &User| drop(black_box(self.model.assignment(&self.app.id, black_box(&user.id))));
        Ok(Answers { series: [timed(users, check), timed(users, |user| self.judge(user)), authorized] })
    }

    fn judge(&self, user: &User) {
        let now = user.created;
        let proofs = [Verification {
            method: AuthenticationMethod::Password,
            at: now,
            characteristics: Characteristics::default(),
        }];
        let judgement = self.model.judge(&Sitting {
            user: &user.id,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            began: now,
            proofs: &proofs,
            remembered: None,
            app: Some(self.app),
            asked: Asked::default(),
        });
        assert_eq!(judgement.verdict, Verdict::Allow, "the default policies let people with a session in");
    }
}

/// How long batches take, of users from all over the list, in an order that no cache foresees.
fn timed(users: &[Arc<User>], ask: impl Fn(&User)) -> Series {
    // Linear congruential, by Knuth's constants: the same order each time.
    let mut state: u64 = 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % users.len()
    };
    let mut series = Series::default();
    for _ in 0..BATCHES {
        let batch: Vec<&User> = (0..BATCH).map(|_| &*users[next()]).collect();
        let began = Instant::now();
        batch.iter().for_each(|user| ask(user));
        series.note(began.elapsed());
    }
    series
}

//! Small requests on 64 kept connections.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::try_join_all;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::Outcome;
use crate::figures::{Series, Table};
use crate::lean::Lean;
use crate::scene::Scene;
use crate::way::Way;

const CONNECTIONS: usize = 64;

pub(crate) async fn measure(time: Duration) -> Outcome<Table> {
    let scene = Scene::set().await?;
    let title = format!("GETs of 1 KB, {CONNECTIONS} connections, {} s", time.as_secs_f32());
    let mut table = Table::new(title, &["a second", "p50 ms", "p99 ms"]);
    for way in Way::ALL.into_iter().filter(|way| way.leads(&scene)) {
        let opening = (0..CONNECTIONS).map(|_| Asking::over_http1(way, &scene));
        row(&mut table, format!("HTTP/1.1, {}", way.name()), try_join_all(opening).await?, time).await?;
    }
    for way in Way::ALL.into_iter().filter(|way| way.speaks_http2()) {
        let opening = (0..CONNECTIONS).map(|_| Asking::over_http2(way, &scene));
        row(&mut table, format!("HTTP/2, {}", way.name()), try_join_all(opening).await?, time).await?;
    }
    scene.notes().into_iter().for_each(|note| table.note(note));
    scene.strike().await;
    Ok(table)
}

/// A connection that asks one request after the other.
pub(crate) enum Asking {
    Http1(Lean),
    Http2(SendRequest<Empty<Bytes>>, Request<()>),
}

impl Asking {
    pub(crate) async fn over_http1(way: Way, scene: &Scene) -> Outcome<Self> {
        Ok(Self::Http1(Lean::new(way.connect(scene, b"http/1.1").await?, "/", &way.lines(scene))))
    }

    async fn over_http2(way: Way, scene: &Scene) -> Outcome<Self> {
        let io = TokioIo::new(way.connect(scene, b"h2").await?);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        // Its error is that of the request which it breaks.
        scene.tasks.spawn(async move { drop(connection.await) });
        let mut request = Request::get(format!("https://{}/", way.host()));
        if way == Way::Guarded {
            request = request.header("cookie", &scene.cookies);
        }
        Ok(Self::Http2(sender, request.body(())?))
    }

    pub(crate) async fn ask(&mut self) -> Outcome {
        match self {
            Self::Http1(lean) => lean.ask().await,
            Self::Http2(sender, request) => {
                sender.ready().await?;
                let answer = sender.send_request(request.clone().map(|()| Empty::new())).await?;
                if answer.status() != 200 {
                    return Err(format!("an answer that is not the upstream's: {}", answer.status()).into());
                }
                answer.into_body().collect().await?;
                Ok(())
            }
        }
    }

    /// Asks until then.
    pub(crate) async fn until(mut self, end: Instant) -> Outcome<Series> {
        let mut series = Series::default();
        while Instant::now() < end {
            let began = Instant::now();
            self.ask().await?;
            series.note(began.elapsed());
        }
        Ok(series)
    }
}

async fn row(table: &mut Table, name: String, mut open: Vec<Asking>, time: Duration) -> Outcome {
    // What is opened on first use is open now.
    for _ in 0..10 {
        try_join_all(open.iter_mut().map(Asking::ask)).await?;
    }
    let began = Instant::now();
    let asking = open.into_iter().map(|asking| tokio::spawn(asking.until(began + time)));
    let mut all = Series::default();
    for series in try_join_all(asking).await? {
        all.extend(series?);
    }
    let rate = all.len() as f64 / began.elapsed().as_secs_f64();
    let [p50, p99] = [50, 99].map(|percent| format!("{:.2}", all.percentile(percent)));
    table.row(name, [format!("{rate:.0}"), p50, p99]);
    Ok(())
}

//! Large bodies, down and up, one at a time and eight.

use std::convert::Infallible;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::try_join_all;
use futures_util::stream;
use http::{Method, Request};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::Outcome;
use crate::figures::Table;
use crate::scene::Scene;
use crate::way::Way;

const SIDE_BY_SIDE: [u64; 2] = [1, 8];
const PIECE: u64 = 64 * 1024;
static ZEROS: [u8; PIECE as usize] = [0; PIECE as usize];

/// Which way bytes go.
#[derive(Clone, Copy)]
enum Direction {
    Down,
    Up,
}

pub(crate) async fn measure(bytes: u64) -> Outcome<Table> {
    let scene = Scene::set().await?;
    let title = format!("Bodies, {} MiB in all, HTTP/1.1, MB/s", bytes / (1024 * 1024));
    let mut table = Table::new(title, &["1 down", "8 down", "1 up", "8 up"]);
    for way in Way::ALL.into_iter().filter(|way| way.leads(&scene)) {
        let mut rates = Vec::new();
        for direction in [Direction::Down, Direction::Up] {
            for count in SIDE_BY_SIDE {
                let all = || (0..count).map(|_| carry(way, &scene, direction, bytes / count));
                // What is opened on first use is open now.
                try_join_all((0..count).map(|_| carry(way, &scene, direction, PIECE))).await?;
                let began = Instant::now();
                try_join_all(all()).await?;
                rates.push(format!("{:.0}", bytes as f64 / 1e6 / began.elapsed().as_secs_f64()));
            }
        }
        table.row(way.name(), rates);
    }
    scene.notes().into_iter().for_each(|note| table.note(note));
    scene.strike().await;
    Ok(table)
}

async fn carry(way: Way, scene: &Scene, direction: Direction, bytes: u64) -> Outcome {
    let io = TokioIo::new(way.connect(scene, b"http/1.1").await?);
    let (mut sender, connection) = http1::handshake(io).await?;
    scene.tasks.spawn(async move { drop(connection.await) });
    let (method, path, sent) = match direction {
        Direction::Down => (Method::GET, format!("/download?bytes={bytes}"), 0),
        Direction::Up => (Method::POST, "/upload".to_owned(), bytes),
    };
    let mut request = Request::builder().method(method).uri(path);
    for line in way.lines(scene) {
        let (name, value) = line.split_once(": ").ok_or("a line of a head has a colon")?;
        request = request.header(name, value);
    }
    if sent > 0 {
        request = request.header("content-length", sent).header("origin", format!("https://{}", way.host()));
    }
    let pieces = (0..sent.div_ceil(PIECE)).map(move |index| {
        let length = PIECE.min(sent - index * PIECE);
        Ok::<_, Infallible>(Frame::data(Bytes::from_static(&ZEROS[..length as usize])))
    });
    let answer = sender.send_request(request.body(StreamBody::new(stream::iter(pieces)))?).await?;
    if answer.status() != 200 {
        return Err(format!("an answer that is not the upstream's: {}", answer.status()).into());
    }
    let (mut body, mut came) = (answer.into_body(), 0);
    while let Some(frame) = body.frame().await {
        came += frame?.data_ref().map_or(0, |data| data.len() as u64);
    }
    match direction {
        Direction::Down if came != bytes => Err(format!("{came} of {bytes} bytes came").into()),
        Direction::Down | Direction::Up => Ok(()),
    }
}

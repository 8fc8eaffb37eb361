//! How fast a session is over TCP on loopback, beside ngrok's own implementation: bulk over one stream and over eight,
//! and small exchanges over 64 streams at once.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ground::Tasks;
use muxado::{Accept, OpenClose, SessionBuilder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use wire::{Limits, Role, Session, StreamType};

const BULK: usize = 64 * 1024 * 1024;
const EXCHANGES: usize = 6400;
const STREAMS: usize = 64;

trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Io for T {}

async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
    let address = listener.local_addr().expect("its address");
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (near, (far, _)) = (near.expect("a connection"), far.expect("a connection"));
    for end in [&near, &far] {
        end.set_nodelay(true).expect("a socket without delay");
    }
    (near, far)
}

/// Streams of one session, each with its other end, and whatever keeps them alive.
struct Streams {
    near: Vec<Box<dyn Io>>,
    far: Vec<Box<dyn Io>>,
    _alive: Box<dyn std::any::Any + Send>,
}

async fn ours(count: usize) -> Streams {
    let (near, far) = connection().await;
    let tasks = Tasks::new();
    let (client, _) = Session::start(near, Role::Client, Limits::default(), &tasks.spawner());
    let (_, mut incoming) = Session::start(far, Role::Server, Limits::default(), &tasks.spawner());
    let (mut near, mut far) = (Vec::<Box<dyn Io>>::new(), Vec::<Box<dyn Io>>::new());
    for _ in 0..count {
        near.push(Box::new(client.open(StreamType::PROXY, &[]).await.expect("a stream")));
        let mut stream = incoming.accept().await.expect("a stream");
        stream.read_u32().await.expect("its type");
        far.push(Box::new(stream));
    }
    Streams { near, far, _alive: Box::new((tasks, incoming)) }
}

async fn theirs(count: usize) -> Streams {
    let (near, far) = connection().await;
    let mut client = SessionBuilder::new(near).client().start();
    let mut server = SessionBuilder::new(far).server().start();
    let (mut near, mut far) = (Vec::<Box<dyn Io>>::new(), Vec::<Box<dyn Io>>::new());
    for _ in 0..count {
        let mut stream = client.open().await.expect("a stream");
        stream.write_u32(3).await.expect("its type");
        near.push(Box::new(stream));
        let mut stream = server.accept().await.expect("a stream");
        stream.read_u32().await.expect("its type");
        far.push(Box::new(stream));
    }
    Streams { near, far, _alive: Box::new((client, server)) }
}

async fn bulk(streams: &mut Streams) {
    let share = BULK / streams.near.len();
    let mut work = JoinSet::new();
    for (mut near, mut far) in streams.near.drain(..).zip(streams.far.drain(..)) {
        work.spawn(async move {
            let chunk = vec![7; 32 * 1024];
            for _ in 0..share / chunk.len() {
                near.write_all(&chunk).await.expect("room");
            }
            near
        });
        work.spawn(async move {
            let mut buffer = vec![0; 32 * 1024];
            let mut left = share;
            while left > 0 {
                left -= far.read(&mut buffer).await.expect("bytes");
            }
            black_box(&buffer);
            far
        });
    }
    work.join_all().await;
}

async fn exchanges(streams: &mut Streams) {
    let mut work = JoinSet::new();
    for (mut near, mut far) in streams.near.drain(..).zip(streams.far.drain(..)) {
        work.spawn(async move {
            let mut buffer = [0; 128];
            for _ in 0..EXCHANGES / STREAMS {
                near.write_all(&buffer).await.expect("room");
                near.read_exact(&mut buffer).await.expect("an answer");
            }
        });
        work.spawn(async move {
            let mut buffer = [0; 128];
            for _ in 0..EXCHANGES / STREAMS {
                far.read_exact(&mut buffer).await.expect("a question");
                far.write_all(&buffer).await.expect("room");
            }
        });
    }
    work.join_all().await;
}

fn sessions(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("bulk");
    group.sample_size(20).throughput(Throughput::Bytes(BULK as u64));
    for count in [1, 8] {
        group.bench_function(BenchmarkId::new("ours", count), |bencher| {
            bencher.iter_batched_ref(
                || runtime.block_on(ours(count)),
                |streams| runtime.block_on(bulk(streams)),
                criterion::BatchSize::PerIteration,
            );
        });
        group.bench_function(BenchmarkId::new("muxado", count), |bencher| {
            bencher.iter_batched_ref(
                || runtime.block_on(theirs(count)),
                |streams| runtime.block_on(bulk(streams)),
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("exchanges");
    group.sample_size(20).throughput(Throughput::Elements(EXCHANGES as u64));
    group.bench_function("ours", |bencher| {
        bencher.iter_batched_ref(
            || runtime.block_on(ours(STREAMS)),
            |streams| runtime.block_on(exchanges(streams)),
            criterion::BatchSize::PerIteration,
        );
    });
    group.bench_function("muxado", |bencher| {
        bencher.iter_batched_ref(
            || runtime.block_on(theirs(STREAMS)),
            |streams| runtime.block_on(exchanges(streams)),
            criterion::BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, sessions);
criterion_main!(benches);

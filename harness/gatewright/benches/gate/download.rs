//! A large download through edge and agent, beside the same straight from the upstream.

use std::time::Instant;

use http_body_util::BodyExt;

use crate::Outcome;
use crate::figures::Table;
use crate::guarded::{Connection, Guarded, Way};

pub(crate) async fn measure(bytes: u64) -> Outcome<Table> {
    let guarded = Guarded::set().await?;
    let title = format!("A download of {} MiB", bytes / (1024 * 1024));
    let mut table = Table::new(title, &["MB/s"]);
    let before = Memory::from_now_on();
    for way in Way::BOTH {
        let mut connection = guarded.connect(way).await?;
        load(&mut connection, bytes / 64).await?;
        let began = Instant::now();
        load(&mut connection, bytes).await?;
        let rate = bytes as f64 / 1e6 / began.elapsed().as_secs_f64();
        table.row(way.name(), [format!("{rate:.0}")]);
    }
    guarded.strike().await;
    if let Some(more) = before.and_then(|memory| memory.more_at_most()) {
        table.note(format!(
            "this process, with both ends and all between them, had {more} MiB more at its peak"
        ));
    }
    Ok(table)
}

async fn load(connection: &mut Connection, bytes: u64) -> Outcome {
    let mut body = connection.send(&format!("/download?bytes={bytes}")).await?.into_body();
    let mut loaded = 0;
    while let Some(frame) = body.frame().await {
        loaded += frame?.data_ref().map_or(0, |data| data.len() as u64);
    }
    match loaded == bytes {
        true => Ok(()),
        false => Err(format!("{loaded} of {bytes} bytes came").into()),
    }
}

/// This process's memory at a moment since which the system has watched its peak; where it does, in MiB.
struct Memory {
    then: u64,
}

impl Memory {
    fn from_now_on() -> Option<Self> {
        // Forgets the peak so far: proc(5), /proc/pid/clear_refs.
        std::fs::write("/proc/self/clear_refs", "5").ok()?;
        Some(Self { then: status("VmRSS:")? })
    }

    fn more_at_most(&self) -> Option<u64> {
        Some(status("VmHWM:")?.saturating_sub(self.then))
    }
}

fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

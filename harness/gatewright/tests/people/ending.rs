//! The browsers end with whoever started them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gatewright::browser::{Authenticator, Engine};
use ground::Authority;

use super::scene;

/// A process that is not a zombie.
struct Process {
    id: u32,
    group: u32,
    command: String,
}

fn processes() -> Vec<Process> {
    let read = |entry: fs::DirEntry| {
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name, which is in brackets: state, parent, group (proc(5)).
        let group = stat.rsplit(')').next()?.split_whitespace().nth(2)?.parse().ok()?;
        let command = fs::read(entry.path().join("cmdline")).ok()?;
        let id = entry.file_name().to_str()?.parse().ok()?;
        Some(Process { id, group, command: String::from_utf8_lossy(&command).replace('\0', " ") })
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(read).filter(|process| !process.command.is_empty()).collect()
}

/// The processes that have to do with this folder, and all in their groups.
fn processes_at(folder: &Path) -> Vec<Process> {
    let (folder, processes) = (folder.to_string_lossy().into_owned(), processes());
    let about = processes.iter().filter(|process| process.command.contains(&folder));
    let groups: Vec<_> = about.map(|process| process.group).collect();
    processes.into_iter().filter(|process| groups.contains(&process.group)).collect()
}

/// The folders of browsers, as far as they are this process's own.
fn folders_in(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.to_string_lossy().contains("gatewright-browser-")).collect()
}

/// The whole tree is gone at once or about to be: the last ones were sent the signal that can't be caught.
fn wait_until_gone(folder: &Path, groups: &[u32]) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let left: Vec<_> =
            processes().into_iter().filter(|process| groups.contains(&process.group)).collect();
        if left.is_empty() && !folder.exists() {
            return;
        }
        let commands: Vec<_> = left.iter().map(|process| &process.command).collect();
        assert!(Instant::now() < deadline, "still there: {commands:?}");
        std::thread::yield_now();
    }
}

fn groups(processes: &[Process]) -> Vec<u32> {
    processes.iter().map(|process| process.group).collect()
}

const ROLE: &str = "GATEWRIGHT_TEST_TO_BE_KILLED";

#[test]
fn a_killed_process_leaves_no_browser_and_no_folder_behind() {
    if std::env::var_os(ROLE).is_some() {
        be_killed();
    }
    let place = tempfile::tempdir().unwrap();
    // Descriptor 3 goes to every descendant: its other end sees when the last of them is gone.
    let mut child = Command::new("/bin/sh")
        .args(["-c", "exec 3>&1; exec \"$0\" --exact --nocapture \"$1\""])
        .arg(std::env::current_exe().unwrap())
        .arg("ending::a_killed_process_leaves_no_browser_and_no_folder_behind")
        .env(ROLE, "1")
        .env("TMPDIR", place.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("browsing") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the child ended before its browser was there");
    }
    let folders = folders_in(place.path());
    let running: Vec<_> = folders.iter().flat_map(|folder| processes_at(folder)).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let [folder] = folders.as_slice() else { panic!("{folders:?}") };
    for program in ["chromedriver", "--type=renderer", "gatewright-browser-keeper", "--remote-debugging-port"]
    {
        assert!(running.iter().any(|process| process.command.contains(program)), "no {program} was running");
    }
    output.read_to_end(&mut Vec::new()).unwrap();
    wait_until_gone(folder, &groups(&running));
}

/// Starts a browser, says so, and stays.
fn be_killed() -> ! {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let browsers = scene::browsers(Authority::new().unwrap().certificate_pem(), Engine::Shell, 1, false);
        let lease = browsers.lease().await.unwrap();
        let _profile = lease
            .profile("127.0.0.1:9".parse().unwrap(), ground::Sink::forgetful(), Authenticator::default())
            .await
            .unwrap();
        std::io::stdout().write_all(b"browsing\n").unwrap();
        std::future::pending::<()>().await;
    });
    unreachable!("it never ends by itself")
}

#[tokio::test]
async fn a_stopped_host_leaves_nothing_behind_and_gives_no_more_browsers() {
    let browsers = scene::browsers(Authority::new().unwrap().certificate_pem(), Engine::Shell, 1, false);
    let lease = browsers.lease().await.unwrap();
    let folder = lease.folder().unwrap().to_owned();
    let running = processes_at(&folder);
    assert!(folder.exists() && !running.is_empty());
    drop(lease);
    drop(browsers.lease().await.unwrap());
    browsers.stop().await;
    wait_until_gone(&folder, &groups(&running));
}

#[tokio::test]
async fn a_browser_that_crashes_is_told_of_and_replaced() {
    let browsers = scene::browsers(Authority::new().unwrap().certificate_pem(), Engine::Shell, 1, false);
    let lease = browsers.lease().await.unwrap();
    let folder = lease.folder().unwrap().to_owned();
    let profile = lease
        .profile("127.0.0.1:9".parse().unwrap(), ground::Sink::forgetful(), Authenticator::default())
        .await
        .unwrap();
    let running = processes_at(&folder);
    kill(running.iter().find(|process| process.command.starts_with("/usr/lib/chromium/")).unwrap());

    let error = profile.open_tab().await.unwrap_err().to_string();
    assert!(error.starts_with("the browser is gone: "), "{error}");
    drop((profile, lease));
    let lease = browsers.lease().await.unwrap();
    lease
        .profile("127.0.0.1:9".parse().unwrap(), ground::Sink::forgetful(), Authenticator::default())
        .await
        .unwrap();
    wait_until_gone(&folder, &groups(&running));
    drop(lease);
    browsers.stop().await;
}

#[tokio::test]
async fn browsers_end_with_their_host_even_without_their_keeper() {
    let browsers = scene::browsers(Authority::new().unwrap().certificate_pem(), Engine::Shell, 1, false);
    let lease = browsers.lease().await.unwrap();
    let folder = lease.folder().unwrap().to_owned();
    let running = processes_at(&folder);
    kill(running.iter().find(|process| process.command.contains("gatewright-browser-keeper")).unwrap());
    drop(lease);
    drop(browsers.lease().await.unwrap());
    browsers.stop().await;
    wait_until_gone(&folder, &groups(&running));
}

fn kill(process: &Process) {
    assert!(Command::new("kill").args(["-KILL", &process.id.to_string()]).status().unwrap().success());
    let deadline = Instant::now() + Duration::from_secs(10);
    while processes().iter().any(|running| running.id == process.id) {
        assert!(Instant::now() < deadline, "it can't be killed: {}", process.command);
        std::thread::yield_now();
    }
}

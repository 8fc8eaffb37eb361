//! `gatewright config`: the agent's configuration file is checked, and a credential put into it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::program::gatewright;

/// A folder with a configuration file.
fn file(content: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ngrok.yml");
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn shown(text: &[u8], path: &Path) -> String {
    String::from_utf8_lossy(text).replace(path.to_str().unwrap(), "ngrok.yml")
}

#[test]
fn a_file_that_is_right_is_said_to_be() {
    let (_folder, path) =
        file("version: 3\nagent: { authtoken: t }\nendpoints: [{ name: a, upstream: { url: 80 } }]\n");
    let check = gatewright().args(["config", "check", "--config"]).arg(&path).assert().success().stderr("");
    let said = shown(&check.get_output().stdout, &path);
    assert_eq!(said, "Valid configuration file at ngrok.yml\n");
    gatewright().args(["config", "check"]).env("NGROK_CONFIG", &path).assert().success().stderr("");
}

#[test]
fn a_mistake_is_shown_where_it_is_and_nothing_is_started() {
    let (_folder, path) =
        file("version: 2\nauthtoken: 2very_secret\ntunnels:\n  web: { proto: http, adr: 80 }\n");
    for arguments in [&["config", "check"][..], &["start", "--all"], &["http", "80"]] {
        let check = gatewright().args(arguments).arg("--config").arg(&path).assert().code(2).stdout("");
        let said = shown(&check.get_output().stderr, &path);
        insta::allow_duplicates! { insta::assert_snapshot!(said); }
    }
}

#[test]
fn no_file_is_said_as_well() {
    let check = gatewright().args(["config", "check"]).assert().code(2).stdout("");
    let said = String::from_utf8_lossy(&check.get_output().stderr).into_owned();
    assert!(said.starts_with("error: there is no configuration file at /nowhere/ngrok/ngrok.yml"), "{said}");
}

#[test]
fn a_credential_is_kept_for_its_owners_eyes_and_what_else_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ngrok/ngrok.yml");
    let add = |arguments: &[&str]| {
        let mut command = gatewright();
        command
            .env("XDG_CONFIG_HOME", folder.path())
            .arg("config")
            .args(arguments)
            .assert()
            .success()
            .stderr("")
    };
    let said = add(&["add-authtoken", "2abc_first", "--log", "stdout"]);
    assert_eq!(shown(&said.get_output().stdout, &path), "Authtoken saved to configuration file: ngrok.yml\n");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("# mine\n{kept}")).unwrap();
    add(&["add-authtoken", "2abc_second"]);
    let said = add(&["add-api-key", "2key"]);
    assert_eq!(shown(&said.get_output().stdout, &path), "API key saved to configuration file: ngrok.yml\n");
    let content = std::fs::read_to_string(&path).unwrap();
    assert_eq!(content, "# mine\nversion: \"3\"\nagent:\n    api_key: 2key\n    authtoken: 2abc_second\n");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_tunnel_that_no_file_defines_is_named() {
    let (_folder, path) = file("version: 2\ntunnels:\n  web: { proto: http, addr: 80 }\n");
    let start = gatewright().args(["start", "wed", "--config"]).arg(&path).assert().code(2).stdout("");
    let said = String::from_utf8_lossy(&start.get_output().stderr).into_owned();
    assert_eq!(said, "error: no tunnel is named \"wed\"; the configuration files define web\n");
}

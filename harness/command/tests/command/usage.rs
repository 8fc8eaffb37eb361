//! Wrong usage: exit status 2, nothing on standard output, and a sentence that helps.

use crate::program::{gatewright, normalized};

const JOINING: [&str; 4] = ["--server-addr", "localhost:4443", "--root-cas", "Cargo.toml"];

fn wrong(arguments: &[&str]) -> String {
    let output = gatewright().args(arguments).assert().code(2).stdout("").get_output().clone();
    String::from_utf8(output.stderr).unwrap()
}

fn wrong_agent(arguments: &[&str]) -> String {
    wrong(&[arguments, &JOINING].concat())
}

#[test]
fn unknown_words_are_answered_with_near_ones() {
    insta::assert_snapshot!(wrong(&["htp", "3000"]), @r"
    error: unrecognized subcommand 'htp'

      tip: a similar subcommand exists: 'http'

    Usage: gatewright <COMMAND>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(wrong_agent(&["http", "3000", "--odic", "https://acme.okta.test"]), @r"
    error: unexpected argument '--odic' found

      tip: a similar argument exists: '--oidc'

    Usage: gatewright http --oidc <URL> <ADDR>

    For more information, try '--help'.
    ");
    wrong(&[]);
}

#[test]
fn what_is_not_built_is_not_there() {
    for absent in ["init", "schema", "checks"] {
        assert!(wrong(&[absent]).contains("unrecognized subcommand"), "{absent}");
    }
    for absent in ["merge", "diff"] {
        assert!(wrong(&["report", absent]).contains("unrecognized subcommand"), "{absent}");
    }
}

#[test]
fn an_address_that_is_none_is_named() {
    insta::assert_snapshot!(wrong_agent(&["http", "ftp://localhost:3000"]), @r#"
    error: invalid value 'ftp://localhost:3000' for '<ADDR>': "ftp://localhost:3000" has a scheme that is not spoken to it; an upstream is a port, host:port, or http:// or https:// and host:port

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(wrong_agent(&["http", "70000"]), @r#"
    error: invalid value '70000' for '<ADDR>': "70000" has no port from 1 to 65535; an upstream is a port, host:port, or http:// or https:// and host:port

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(wrong_agent(&["tunnel", "--label", "edge", "80"]), @r"
    error: invalid value 'edge' for '--label <KEY=VALUE>': a label is KEY=VALUE, for instance edge=edghts_2a

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(wrong_agent(&["http", "80", "--domain", "a/b"]), @r"
    error: invalid value 'a/b' for '--domain <NAME>': a domain is a name such as app.tunnel.test, or https:// and a name

    For more information, try '--help'.
    ");
    let server = ["http", "80", "--root-cas", "x", "--server-addr", "https://edge"];
    insta::assert_snapshot!(wrong(&server), @r#"
    error: invalid value 'https://edge' for '--server-addr <HOST:PORT>': "https://edge" is not a server address; it is host or host:port, as in connect.tunnel.test:443

    For more information, try '--help'.
    "#);
}

#[test]
fn what_belongs_together_is_asked_for_together() {
    insta::assert_snapshot!(wrong_agent(&["http", "80", "--oidc", "https://acme.okta.test"]), @r"
    error: the following required arguments were not provided:
      --oidc-client-id <ID>
      --oidc-client-secret <SECRET>

    Usage: gatewright http --oidc <URL> --oidc-client-id <ID> --oidc-client-secret <SECRET> --server-addr <HOST:PORT> --root-cas <FILE> <ADDR>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(wrong_agent(&["http", "80", "--oidc-allow-email", "a@acme.test"]), @r"
    error: the following required arguments were not provided:
      --oidc-client-id <ID>
      --oidc-client-secret <SECRET>
      --oidc <URL>

    Usage: gatewright http --oidc-client-id <ID> --oidc-client-secret <SECRET> --oidc <URL> --oidc-allow-email <EMAIL> --server-addr <HOST:PORT> --root-cas <FILE> <ADDR>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(wrong(&["http", "80"]), @r"error: which edge? --server-addr HOST:PORT names it, GATEWRIGHT_SERVER_ADDR in the environment, or server_addr (connect_url in version 3) in the configuration file");
    insta::assert_snapshot!(wrong_agent(&["tunnel", "80"]), @r"
    error: the following required arguments were not provided:
      --label <KEY=VALUE>

    Usage: gatewright tunnel --label <KEY=VALUE> --server-addr <HOST:PORT> --root-cas <FILE> <ADDR>

    For more information, try '--help'.
    ");
    let twice = ["tunnel", "80", "--label", "edge=a", "--label", "edge=b"];
    insta::assert_snapshot!(wrong_agent(&twice), @"error: the label edge is given twice");
}

#[test]
fn a_file_of_authorities_that_is_none_is_named() {
    insta::assert_snapshot!(wrong_agent(&["http", "80"]), @"error: Cargo.toml holds no PEM certificate to trust");
    let absent = ["http", "80", "--server-addr", "localhost:4443", "--root-cas", "/nowhere/authority.pem"];
    let _normalized = normalized();
    insta::assert_snapshot!(wrong(&absent), @"error: /AUTHORITY.pem can't be read: No such file or directory (os error 2); it should be the PEM file of the authority that the other side's certificate comes from, which is named where that side was started");
}

#[test]
fn a_secret_in_the_environment_is_not_shown() {
    let help = gatewright().args(["http", "--help"]).env("NGROK_AUTHTOKEN", "very-secret").assert().success();
    assert!(!String::from_utf8_lossy(&help.get_output().stdout).contains("very-secret"));
}

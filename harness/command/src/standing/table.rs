//! What stands says of itself: names and values in two columns, secrets only on request.

use std::fmt::Write;

use serde::Serialize;

use crate::failure::Failure;

/// Lines of a name and a value.
pub(crate) struct Table {
    rows: Vec<(&'static str, String)>,
    show_secrets: bool,
    hides: bool,
}

impl Table {
    /// An empty table that shows secrets, or hides them.
    pub(crate) fn new(show_secrets: bool) -> Self {
        Self { rows: Vec::new(), show_secrets, hides: false }
    }

    /// Adds a line.
    pub(crate) fn row(&mut self, name: &'static str, value: impl Into<String>) -> &mut Self {
        self.rows.push((name, value.into()));
        self
    }

    /// Adds a line for a secret.
    pub(crate) fn secret(&mut self, name: &'static str, secret: &str) -> &mut Self {
        self.hides |= !self.show_secrets;
        self.row(name, if self.show_secrets { secret } else { "(hidden)" })
    }

    /// Adds an empty line.
    pub(crate) fn gap(&mut self) -> &mut Self {
        self.row("", "")
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let widest = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in &self.rows {
            writeln!(f, "{}", format!("{name:<widest$}  {value}").trim_end())?;
        }
        if self.hides {
            f.write_char('\n')?;
            f.write_str("--show-secrets shows what is hidden, --json prints it all for a program.\n")?;
        }
        Ok(())
    }
}

/// One line of JSON.
pub(crate) fn json_line(said: &impl Serialize) -> Result<String, Failure> {
    let line = serde_json::to_string(said).map_err(Failure::failed)?;
    Ok(line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(show_secrets: bool) -> String {
        let mut table = Table::new(show_secrets);
        table.row("Issuer", "https://acme.okta.localhost:40000");
        table.gap().secret("API token", "00abc");
        table.to_string()
    }

    #[test]
    fn secrets_show_only_on_request() {
        insta::assert_snapshot!(table(false), @r"
        Issuer     https://acme.okta.localhost:40000

        API token  (hidden)

        --show-secrets shows what is hidden, --json prints it all for a program.
        ");
        insta::assert_snapshot!(table(true), @r"
        Issuer     https://acme.okta.localhost:40000

        API token  00abc
        ");
    }
}

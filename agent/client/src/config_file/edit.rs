//! Putting a credential into a configuration file, and leaving the rest of it as it is: comments, order, everything.

use std::path::Path;

use ground::Secret;

use super::node::{Content, Node, parse};
use super::{ConfigFile, FileProblems};

/// Why a credential could not be put into a file.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file is wrong already.
    #[error("{0}")]
    File(#[from] Box<FileProblems>),
    /// The credential is no text of one line, or the file is written in a way that leaves no place for it.
    #[error("{0}")]
    Place(&'static str),
}

/// The file's text with this authtoken in it; `source` is what it holds now, empty for a new file.
pub fn with_authtoken(path: &Path, source: &str, token: &Secret) -> Result<String, EditError> {
    let edited = put(path, source, "authtoken", token)?;
    match ConfigFile::parse(path, &edited) {
        Ok(file) if file.settings.authtoken.as_ref() == Some(token) => Ok(edited),
        _ => Err(NO_PLACE),
    }
}

/// The same for an API key.
pub fn with_api_key(path: &Path, source: &str, key: &Secret) -> Result<String, EditError> {
    let edited = put(path, source, "api_key", key)?;
    match ConfigFile::parse(path, &edited) {
        Ok(file) if file.settings.api_key.as_ref() == Some(key) => Ok(edited),
        _ => Err(NO_PLACE),
    }
}

const NO_PLACE: EditError =
    EditError::Place("the file is written in a way that leaves no place for it; put it there by hand");

fn put(path: &Path, source: &str, name: &str, value: &Secret) -> Result<String, EditError> {
    let value = scalar(value.expose())?;
    // A file that says nothing, or nothing but comments, begins with its version.
    let kept = |source: &str| {
        if source.is_empty() || source.ends_with('\n') { source.to_owned() } else { format!("{source}\n") }
    };
    let file = ConfigFile::parse(path, source).map_err(Box::new)?;
    let root = parse(source).map_err(|_| NO_PLACE)?;
    let Content::Map(entries) = &root.content else {
        return Ok(format!("{}version: \"3\"\nagent:\n    {name}: {value}\n", kept(source)));
    };
    let line = |indent: &str| format!("{indent}{name}: {value}\n");
    let parent = match file.version {
        2 => entries,
        _ => match find(entries, "agent").map(|agent| &agent.content) {
            Some(Content::Map(members)) => members,
            None => return Ok(format!("{}agent:\n{}", kept(source), line("    "))),
            Some(_) => return Err(NO_PLACE),
        },
    };
    if let Some(old) = find(parent, name) {
        if old.at.is_empty() {
            return Err(NO_PLACE);
        }
        return Ok(format!("{}{value}{}", &source[..old.at.start], &source[old.at.end..]));
    }
    // In front of the first member, in the same column.
    let Some((first, _)) = parent.first() else { return Err(NO_PLACE) };
    let begin = source[..first.at.start].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = &source[begin..first.at.start];
    if !indent.bytes().all(|b| b == b' ') {
        return Err(NO_PLACE);
    }
    match file.version {
        2 => Ok(format!("{}{}", kept(source), line(""))),
        _ => Ok(format!("{}{}{}", &source[..begin], line(indent), &source[begin..])),
    }
}

fn find<'n>(entries: &'n [(Node, Node)], name: &str) -> Option<&'n Node> {
    entries.iter().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value)
}

/// A value as YAML has it.
fn scalar(value: &str) -> Result<String, EditError> {
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(EditError::Place("a credential is one line of text"));
    }
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let plain = plain && value.bytes().any(|b| b.is_ascii_alphabetic()) && !value.starts_with('-');
    match plain {
        true => Ok(value.to_owned()),
        false => Ok(format!("'{}'", value.replace('\'', "''"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edited(source: &str, token: &str) -> Result<String, String> {
        let token = Secret::new("authtoken", token);
        with_authtoken(Path::new("ngrok.yml"), source, &token).map_err(|error| error.to_string())
    }

    #[test]
    fn a_new_file_is_of_version_3() {
        let whole = "version: \"3\"\nagent:\n    authtoken: 2abc_DEF\n";
        assert_eq!(edited("", "2abc_DEF").unwrap(), whole);
        assert_eq!(edited("# mine", "2abc_DEF").unwrap(), format!("# mine\n{whole}"));
        assert_eq!(edited("version: '3'\n", "t1").unwrap(), "version: '3'\nagent:\n    authtoken: t1\n");
    }

    #[test]
    fn what_else_is_in_the_file_stays() {
        let two = "# work\nversion: 2\nauthtoken: old # the first\nweb_addr: false\n";
        assert_eq!(edited(two, "new").unwrap(), two.replace("old", "new"));
        let without = "version: 2 # two\ntunnels:\n  a: { proto: http, addr: 80 }";
        assert_eq!(edited(without, "new").unwrap(), format!("{without}\nauthtoken: new\n"));
        let three = "version: 3\nagent:\n  # here\n  metadata: m\nendpoints: []\n";
        let wanted = "version: 3\nagent:\n  # here\n  authtoken: new\n  metadata: m\nendpoints: []\n";
        assert_eq!(edited(three, "new").unwrap(), wanted);
        assert_eq!(edited(wanted, "newer").unwrap(), wanted.replace("new", "newer"));
    }

    #[test]
    fn what_cannot_be_put_there_is_said() {
        assert!(edited("version: 7\n", "t").unwrap_err().contains("`version` can't be `7`"));
        assert!(edited("version: 3\nagent: {}\n", "t").unwrap_err().contains("by hand"));
        assert_eq!(edited("", "two\nlines").unwrap_err(), "a credential is one line of text");
    }

    proptest! {
        #[test]
        fn any_line_of_text_is_read_back(token in "[ -~]{1,40}") {
            prop_assert!(edited("version: 2\nauthtoken: 'x'\n", &token).is_ok());
        }
    }
}

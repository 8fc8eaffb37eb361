//! What the command writes: styles only where a terminal shows them, every line at once.

use std::fmt::Display;
use std::io::{self, Write};

use crate::exit::Exit;
use crate::failure::Failure;

/// Writes a line to standard output.
pub(crate) fn line(text: impl Display) -> Result<(), Failure> {
    block(format_args!("{text}\n"))
}

/// Writes text whose lines are ended to standard output.
pub(crate) fn block(text: impl Display) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    write!(out, "{text}").and_then(|()| out.flush()).map_err(|error| unwritten(&error))
}

/// Writes a line to standard error. When that fails there is no place left to say so.
pub(crate) fn aside(text: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Text from elsewhere on one terminal: what would steer the terminal is shown as what it is.
pub(crate) fn harmless(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

/// Why output ended. When its reader is gone, it has heard enough.
fn unwritten(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure { exit: Exit::Failed, words: String::new() },
        _ => Failure::failed(format_args!("standard output can't be written: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_from_elsewhere_do_not_reach_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\r\nc\x07"), "a\u{fffd}[2Jb\u{fffd}\nc\u{fffd}");
    }

    #[test]
    fn a_reader_that_is_gone_is_told_nothing() {
        let gone = unwritten(&io::ErrorKind::BrokenPipe.into());
        assert_eq!((gone.exit, gone.words.as_str()), (Exit::Failed, ""));
        let full = unwritten(&io::Error::other("no space left on device"));
        assert_eq!(full.words, "error: standard output can't be written: no space left on device\n");
    }
}

//! What upstreams, the edge and agents can be told.

use http::Method;

use crate::vocabulary::argument::Count;
use crate::vocabulary::collections::Entries;
use crate::vocabulary::names::{PersonName, TunnelName};
use crate::vocabulary::pattern::Pattern;
use crate::vocabulary::record::{record, short_forms};
use crate::vocabulary::template::Template;
use crate::vocabulary::values::{ErrorCode, Header};

record! {
    /// Requests that reached an upstream, each of them as written here.
    Seen short path {
        takes {
            /// The method.
            method: Option<Method>,
            /// The path, without the query.
            path: Option<Pattern>,
            /// The query, without its question mark.
            query: Option<Pattern>,
            /// Headers that the request has.
            header: Entries<Header, Pattern>,
            /// Headers that the request does not have.
            no_header: Vec<Header>,
            /// The person from whose address it came.
            from: Option<PersonName>,
            /// How many such requests there were; at least one unless written.
            times: Option<Count>,
        }
    }
}

record! {
    /// Requests that the edge refused.
    Refusal short code {
        needs {
            /// The code that it gave.
            code: ErrorCode,
        }
        takes {
            /// The tunnel to which the request went.
            at: Option<TunnelName>,
            /// How many such refusals there were; at least one unless written.
            times: Option<Count>,
        }
    }
}

record! {
    /// An agent started as a process of its own, by a command as a page shows it.
    Launch short command {
        needs {
            /// The command: `ngrok http 3000 …` as the pages of the walkthrough have it, or `gatewright http 3000 …`.
            command: Template,
        }
        takes {
            /// Parts of the command that are replaced first, as the walkthrough replaces `http://localhost:80`.
            replacing: Entries<Template, Template>,
            /// The authtoken; the one of the edge's first account unless written. An empty one is none.
            authtoken: Option<Template>,
        }
    }
}

short_forms! {
    |path: &str| -> Seen { Self::new().path(path) }
    |code: u32| -> Refusal { Self::new(code) }
    |command: &str| -> Launch { Self::new(command) }
    |command: String| -> Launch { Self::new(command) }
}

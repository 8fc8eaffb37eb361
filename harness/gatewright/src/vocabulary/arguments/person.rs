//! What people can be told.

use http::{Method, StatusCode};

use crate::vocabulary::argument::Count;
use crate::vocabulary::collections::{Entries, Several};
use crate::vocabulary::names::{PersonName, TunnelName};
use crate::vocabulary::pattern::Pattern;
use crate::vocabulary::record::{record, short_forms, words};
use crate::vocabulary::template::Template;
use crate::vocabulary::values::{ErrorCode, Header};

words! {
    /// Where people sign in.
    SignInPlace {
        /// The Okta org's sign-in page.
        Okta = "okta",
        /// The sign-in page of the edge's dashboard.
        Edge = "edge",
    }
}

record! {
    /// With what someone signs in, where it isn't their own.
    Credentials {
        takes {
            /// The login; their own unless written.
            login: Option<Template>,
            /// The password; their own unless written.
            password: Option<Template>,
        }
    }
}

words! {
    /// A security key.
    SecurityKey {
        /// One that knows its owner's fingerprint.
        Fingerprint = "with fingerprint",
        /// One that anybody may touch.
        Touch = "touch only",
    }
}

record! {
    /// Another person's device, and the page that asks it.
    Relay {
        needs {
            /// Whose device it is.
            person: PersonName,
            /// The page.
            page: Template,
        }
    }
}

words! {
    /// The HTTP version over which a page came.
    Protocol {
        /// HTTP/1.1.
        Http1 = "http/1.1",
        /// HTTP/2.
        Http2 = "h2",
    }
}

record! {
    /// What someone sees in the current tab.
    Sight short text {
        takes {
            /// The whole address in the address bar.
            url: Option<Pattern>,
            /// The page's title.
            title: Option<Pattern>,
            /// Texts that the page shows.
            text: Vec<Template>,
            /// The status that the page came with.
            status: Option<StatusCode>,
            /// The code in the page's `ngrok-error-code` header.
            code: Option<ErrorCode>,
            /// The HTTP version over which the page came.
            protocol: Option<Protocol>,
        }
    }
}

record! {
    /// A link, a button or another control on the page.
    Control short name {
        needs {
            /// What it says, or its accessible name.
            name: Template,
        }
        takes {
            /// A text in the same row, item or section, where several controls say the same.
            beside: Option<Template>,
        }
    }
}

record! {
    /// What an HTTP answer has to be.
    Answer short status {
        takes {
            /// Its status.
            status: Option<StatusCode>,
            /// The code in its `ngrok-error-code` header.
            code: Option<ErrorCode>,
            /// Headers that it has.
            header: Entries<Header, Pattern>,
            /// Headers that it does not have.
            no_header: Vec<Header>,
            /// Texts that its body contains.
            body: Vec<Template>,
        }
    }
}

record! {
    /// A request from a person's address, made outside the browser: it has no headers of browser navigation unless they
    /// are written here, and follows no redirect. With several URLs or methods, each is requested with each.
    Request short url {
        needs {
            /// Where to.
            url: Several<Template>,
        }
        takes {
            /// The method; GET unless written.
            method: Vec<Method>,
            /// Headers to send.
            header: Entries<Header, Template>,
            /// The body to send.
            body: Option<Template>,
            /// Whether it carries the cookies that the person's browser would send there.
            cookies: bool,
            /// What each answer has to be.
            expect: Option<Answer>,
        }
    }
}

record! {
    /// A request that the current page makes by `fetch`, as a script of that page would.
    Fetch short url {
        needs {
            /// Where to.
            url: Template,
        }
        takes {
            /// The method; GET unless written.
            method: Option<Method>,
            /// Headers to send.
            header: Entries<Header, Template>,
            /// The body to send.
            body: Option<Template>,
            /// What the answer has to be.
            expect: Option<Answer>,
        }
    }
}

record! {
    /// A WebSocket that the current page opens.
    Conversation {
        needs {
            /// Where to; `https` and `wss` mean the same.
            url: Template,
        }
        takes {
            /// The messages to send, one after the other.
            sends: Vec<Template>,
            /// The messages that come back, in this order.
            receives: Vec<Template>,
        }
    }
}

record! {
    /// Server-sent events that the current page receives.
    EventStream short url {
        needs {
            /// Where from.
            url: Template,
        }
        takes {
            /// How many events come, at least.
            count: Option<Count>,
            /// The data of events that come, in this order.
            text: Vec<Template>,
        }
    }
}

record! {
    /// A body that the current page sends by POST, made up as it goes.
    Upload {
        needs {
            /// Where to.
            url: Template,
            /// How much at least, in units of 1,000,000 bytes.
            megabytes: Count,
        }
    }
}

record! {
    /// Cookies that are copied into someone's browser, `HttpOnly` or not.
    CookieTheft {
        needs {
            /// Whose browser they come from.
            from: PersonName,
            /// The tunnel whose cookies they are.
            at: TunnelName,
        }
        takes {
            /// The tunnel that they are put in for; the same unless written.
            to: Option<TunnelName>,
        }
    }
}

record! {
    /// A cookie that is put into someone's browser.
    Cookie {
        needs {
            /// The tunnel that it is for.
            at: TunnelName,
            /// Its name.
            name: Template,
            /// Its value.
            value: Template,
        }
    }
}

short_forms! {
    |text: &str| -> Sight { Self::new().text(text) }
    |text: String| -> Sight { Self::new().text(text) }
    |name: &str| -> Control { Self::new(name) }
    |status: StatusCode| -> Answer { Self::new().status(status) }
    |url: &str| -> EventStream { Self::new(url) }
}

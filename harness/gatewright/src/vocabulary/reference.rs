//! The values that a template can refer to.

use std::fmt;

use super::names::{
    AccountName, AgentName, AppName, CopiedName, EdgeName, Kind, Name, RememberedName, TunnelName,
    UpstreamName, UserName,
};
use super::nearest;
use super::shape::{Word, if_any};

/// Where values of one kind are found: `users.NAME.email`.
#[derive(Debug)]
pub(crate) struct Root {
    /// The words before the name or the part: `users`, `okta.apps`.
    pub(crate) path: &'static str,
    /// What is found there.
    pub(crate) doc: &'static str,
    /// Whose name follows, if one does.
    pub(crate) named: Option<Kind>,
    /// What can be asked of it. The part without a word is meant when none is written.
    pub(crate) parts: &'static [Word],
}

macro_rules! references {
    ($(
        $(#[doc = $doc:literal])+
        $Root:ident($($Name:ident)?) $Part:ident = $path:literal {
            $($(#[doc = $part_doc:literal])+ $Variant:ident = $word:literal;)+
        }
    )+) => {
        /// A value that is known once the stage is set.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Reference {
            $($(#[doc = $doc])+ $Root($($Name,)? $Part),)+
        }

        $(
            #[doc = concat!("What can be asked of `{", $path, "}`.")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub enum $Part {
                $($(#[doc = $part_doc])+ $Variant,)+
            }

            impl $Part {
                const WORDS: &'static [Word] =
                    &[$(Word { word: $word, doc: concat!($($part_doc, "\n"),+) }),+];

                fn from_word(word: &str) -> Option<Self> {
                    $(if word == $word {
                        return Some(Self::$Variant);
                    })+
                    None
                }

                fn word(self) -> &'static str {
                    match self {
                        $(Self::$Variant => $word,)+
                    }
                }
            }
        )+

        /// Every kind of value.
        pub(crate) const ROOTS: &[Root] = &[$(
            Root {
                path: $path,
                doc: concat!($($doc, "\n"),+),
                named: if_any(&[$(<$Name as Name>::KIND)?]),
                parts: $Part::WORDS,
            },
        )+];

        impl Reference {
            fn build(root: &str, name: &str, part: &str) -> Option<Self> {
                $(if root == $path {
                    return Some(Self::$Root($($Name::from(name),)? $Part::from_word(part)?));
                })+
                None
            }

            fn part(&self) -> &'static str {
                match self {
                    $(references!(@bind $Root part $($Name)?) => part.word(),)+
                }
            }

            fn root(&self) -> &'static str {
                match self {
                    $(Self::$Root(..) => $path,)+
                }
            }

            /// Whose value it is, if it is the value of something that a scenario names.
            pub(crate) fn name(&self) -> Option<(Kind, &str)> {
                match self {
                    $(references!(@bind_name $Root name $($Name)?) => references!(@name name $($Name)?),)+
                }
            }
        }
    };
    (@bind $Root:ident $part:ident $Name:ident) => { Self::$Root(_, $part) };
    (@bind $Root:ident $part:ident) => { Self::$Root($part) };
    (@bind_name $Root:ident $name:ident $Name:ident) => { Self::$Root($name, _) };
    (@bind_name $Root:ident $name:ident) => { Self::$Root(_) };
    (@name $name:ident $Name:ident) => { Some((<$Name as Name>::KIND, $name.as_str())) };
    (@name $name:ident) => { None };
}

references! {
    /// The public URL of a tunnel's endpoint.
    Tunnel(TunnelName) TunnelPart = "tunnels" {
        /// The URL, without a slash at its end.
        Url = "";
        /// Its host name.
        Host = "host";
    }
    /// An HTTPS Edge of the scenario's beginning.
    Edge(EdgeName) EdgePart = "edges" {
        /// Its public URL, without a slash at its end.
        Url = "";
        /// Its id, `edghts_…`.
        Id = "id";
    }
    /// A user of the Okta org.
    User(UserName) UserPart = "users" {
        /// The name to sign in with.
        Login = "login";
        /// The e-mail address.
        Email = "email";
        /// The full name.
        Name = "name";
        /// The password.
        Password = "password";
        /// The id, `00u…`.
        Id = "id";
    }
    /// The Okta org.
    Okta() OktaPart = "okta" {
        /// The issuer, which is the org's own URL.
        Issuer = "issuer";
        /// The admin console's URL.
        Admin = "admin";
        /// The URL of the dashboard of end users.
        Dashboard = "dashboard";
        /// A token for the management API.
        ApiToken = "api_token";
    }
    /// An application of the Okta org.
    App(AppName) AppPart = "okta.apps" {
        /// Its id, `0oa…`.
        Id = "id";
        /// Its label.
        Label = "label";
        /// Its client ID.
        ClientId = "client_id";
        /// Its client secret.
        ClientSecret = "client_secret";
    }
    /// The edge server.
    EdgeServer() EdgeServerPart = "edge" {
        /// The dashboard's URL.
        Dashboard = "dashboard";
        /// The control API's URL.
        Api = "api";
        /// A key for the control API.
        ApiKey = "api_key";
        /// The domain under which tunnels get their names.
        Domain = "domain";
        /// The gate's sign-in redirect URI.
        RedirectUri = "redirect_uri";
    }
    /// An account at the edge's dashboard.
    Account(AccountName) AccountPart = "edge.accounts" {
        /// The e-mail address to sign in with.
        Email = "email";
        /// The password.
        Password = "password";
        /// The authtoken for its agents.
        Authtoken = "authtoken";
    }
    /// An app behind the tunnels.
    Upstream(UpstreamName) UpstreamPart = "upstreams" {
        /// Where it listens, `127.0.0.1:PORT`.
        Address = "address";
        /// The port alone.
        Port = "port";
    }
    /// An agent that a step started.
    Agent(AgentName) AgentPart = "agents" {
        /// The URL that it printed next to "Forwarding", without a slash at its end.
        Url = "url";
    }
    /// What a person copied from a page by the step `copies`.
    Copied(CopiedName) CopiedPart = "copied" {
        /// The text as it was copied.
        Text = "";
    }
    /// What a person remembered by the step `remembers`.
    Remembered(RememberedName) RememberedPart = "remembered" {
        /// The URL as it was.
        Text = "";
        /// The parameter `code` of its query.
        Code = "code";
        /// The parameter `state` of its query.
        State = "state";
    }
}

impl Reference {
    /// Reads what stands between the braces; otherwise says what is wrong, and what to do about it.
    pub(crate) fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        // The longest path first: `okta.apps.ngrok.id` is not a part of `okta`.
        let mut roots: Vec<_> = ROOTS.iter().collect();
        roots.sort_by_key(|root| std::cmp::Reverse(root.path.len()));
        let rest_of = |root: &Root| match text.strip_prefix(root.path)? {
            "" => Some(""),
            rest => rest.strip_prefix('.'),
        };
        let found = roots.into_iter().find_map(|root| Some((root, rest_of(root)?)));
        let Some((root, rest)) = found else { return Err(unknown_root(text)) };
        let (name, part) = match root.named {
            Some(_) => rest.split_once('.').unwrap_or((rest, "")),
            None => ("", rest),
        };
        if let Some(kind) = root.named.filter(|_| name.is_empty()) {
            let what = format!("`{text}` without the name of {}", kind.one());
            return Err((what, Some(format!("write {}", root.forms("NAME")))));
        }
        Self::build(root.path, name, part).ok_or_else(|| unknown_part(root, name, part))
    }
}

fn unknown_root(text: &str) -> (String, Option<String>) {
    if text.trim().is_empty() {
        return (
            "nothing between the braces".to_owned(),
            Some("write `{{}}` for the braces themselves".to_owned()),
        );
    }
    let mut paths: Vec<_> = ROOTS.iter().map(|root| root.path).collect();
    paths.sort_unstable();
    let (first, rest) = match text.split_once('.') {
        Some((first, rest)) => (first, format!(".{rest}")),
        None => (text, String::new()),
    };
    let advice = match nearest::nearest(first, paths.iter().copied()).first() {
        Some(near) => format!("did you mean `{near}{rest}`?"),
        None => format!(
            "a value starts with {}; write `{{{{` for the brace itself",
            nearest::listed(&paths, |path| (*path).to_owned())
        ),
    };
    (format!("no value `{text}`"), Some(advice))
}

fn unknown_part(root: &Root, name: &str, part: &str) -> (String, Option<String>) {
    let words = root.parts.iter().map(|part| part.word).filter(|word| !word.is_empty());
    let advice = match nearest::nearest(part, words).first() {
        Some(near) => format!("did you mean `{}`?", root.form(name, near)),
        None => format!("there is {}", root.forms(name)),
    };
    let what = match part {
        "" => format!("`{}` alone is no value", root.form(name, "")),
        part => format!("no `{part}` in `{}`", root.form(name, "")),
    };
    (what, Some(advice))
}

impl Root {
    /// How a value is written.
    pub(crate) fn form(&self, name: &str, part: &str) -> String {
        let levels = [self.path, name, part];
        levels.into_iter().filter(|level| !level.is_empty()).collect::<Vec<_>>().join(".")
    }

    /// Every value of a name, as they are written.
    fn forms(&self, name: &str) -> String {
        nearest::listed(self.parts, |part| format!("`{}`", self.form(name, part.word)))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root())?;
        if let Some((_, name)) = self.name() {
            write!(f, ".{name}")?;
        }
        match self.part() {
            "" => Ok(()),
            part => write!(f, ".{part}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_reads_what_it_writes() {
        for root in ROOTS {
            for part in root.parts {
                let text = root.form(root.named.map_or("", |_| "x"), part.word);
                assert_eq!(Reference::parse(&text).unwrap().to_string(), text);
            }
        }
    }

    #[test]
    fn what_is_no_value_says_what_is_near() {
        let said = |text: &str| {
            let (what, advice) = Reference::parse(text).unwrap_err();
            format!("{what}: {}", advice.unwrap_or_default())
        };
        let texts = [
            "users.alice",
            "users.alice.mail",
            "users",
            "okta.apps.ngrok.secret",
            "okta.isuer",
            "user.alice.email",
            "tunnels.app.port",
            "env.HOME",
            "",
            "copied",
        ];
        insta::assert_snapshot!(texts.map(said).join("\n"), @r"
        `users.alice` alone is no value: there is `users.alice.login`, `users.alice.email`, `users.alice.name`, `users.alice.password` or `users.alice.id`
        no `mail` in `users.alice`: did you mean `users.alice.email`?
        `users` without the name of an Okta user: write `users.NAME.login`, `users.NAME.email`, `users.NAME.name`, `users.NAME.password` or `users.NAME.id`
        no `secret` in `okta.apps.ngrok`: there is `okta.apps.ngrok.id`, `okta.apps.ngrok.label`, `okta.apps.ngrok.client_id` or `okta.apps.ngrok.client_secret`
        no `isuer` in `okta`: did you mean `okta.issuer`?
        no value `user.alice.email`: did you mean `users.alice.email`?
        no `port` in `tunnels.app`: did you mean `tunnels.app.host`?
        no value `env.HOME`: a value starts with agents, copied, edge, edge.accounts, edges, okta, okta.apps, remembered, tunnels, upstreams or users; write `{{` for the brace itself
        nothing between the braces: write `{{}}` for the braces themselves
        `copied` without the name of a copied value: write `copied.NAME`
        ");
    }
}

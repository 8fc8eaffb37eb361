//! The integrations that "Browse App Catalog" finds. Two of them can be added; the others make a search mean something.

use super::mark::Mark;

/// One integration of the catalog.
pub(super) struct Entry {
    /// Its name in paths.
    pub(super) name: &'static str,
    /// What people call it.
    pub(super) label: &'static str,
    /// One sentence about it.
    pub(super) summary: &'static str,
    /// Where the catalog files it.
    pub(super) category: &'static str,
    /// The ways to sign on that it offers.
    pub(super) sign_on: &'static str,
    /// Whether this org can add it.
    pub(super) addable: bool,
}

impl Entry {
    pub(super) fn mark(&self) -> Mark {
        Mark::of(self.label)
    }

    fn mentions(&self, words: &str) -> bool {
        let text = format!("{} {} {}", self.label, self.summary, self.category).to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// The entries that hold every word of `query`, those whose label begins with it first.
pub(super) fn search(query: &str) -> Vec<&'static Entry> {
    let begins = |entry: &Entry| entry.label.to_lowercase().starts_with(&query.trim().to_lowercase());
    let mut found: Vec<_> = ENTRIES.iter().filter(|entry| entry.mentions(query)).collect();
    found.sort_by_key(|entry| !begins(entry));
    found
}

/// The entry of this name.
pub(super) fn entry(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}

const fn listed(
    name: &'static str,
    label: &'static str,
    category: &'static str,
    sign_on: &'static str,
    summary: &'static str,
) -> Entry {
    Entry { name, label, summary, category, sign_on, addable: false }
}

static ENTRIES: [Entry; 14] = [
    Entry {
        addable: true,
        ..listed(
            "ngrok",
            "ngrok",
            "Developer tools, Networking",
            "OpenID Connect",
            "Tunnels to apps on any machine, with single sign-on in front of them.",
        )
    },
    Entry {
        addable: true,
        ..listed(
            "oidc_client",
            "OpenID Connect web app",
            "Custom integrations",
            "OpenID Connect",
            "Any web app with a server of its own that signs people in with the authorization code flow.",
        )
    },
    listed("atlassian", "Atlassian Cloud", "Collaboration", "SAML 2.0", "Plans, issues and pages for teams."),
    listed(
        "box",
        "Box",
        "Content management",
        "SAML 2.0",
        "Files in one place, shared with whoever needs them.",
    ),
    listed(
        "datadog",
        "Datadog",
        "Monitoring",
        "SAML 2.0, OpenID Connect",
        "Metrics, traces and logs of running systems.",
    ),
    listed(
        "dropbox",
        "Dropbox Business",
        "Content management",
        "SAML 2.0",
        "Folders that follow people from device to device.",
    ),
    listed("figma", "Figma", "Design", "SAML 2.0", "Interfaces drawn together, in the browser."),
    listed(
        "github",
        "GitHub Enterprise Cloud",
        "Developer tools",
        "SAML 2.0",
        "Source code, reviews and automation.",
    ),
    listed(
        "google_workspace",
        "Google Workspace",
        "Productivity",
        "SAML 2.0",
        "Mail, calendar and documents.",
    ),
    listed(
        "office365",
        "Microsoft Office 365",
        "Productivity",
        "WS-Federation",
        "Mail, documents and meetings.",
    ),
    listed(
        "salesforce",
        "Salesforce.com",
        "Customer relations",
        "SAML 2.0",
        "Customers, opportunities and cases.",
    ),
    listed(
        "servicenow",
        "ServiceNow",
        "IT service management",
        "SAML 2.0",
        "Requests and incidents, from report to resolution.",
    ),
    listed("slack", "Slack", "Collaboration", "SAML 2.0", "Conversations in channels."),
    listed("zoom", "Zoom", "Collaboration", "SAML 2.0", "Video meetings and webinars."),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(query: &str) -> Vec<&'static str> {
        search(query).into_iter().map(|entry| entry.label).collect()
    }

    #[test]
    fn a_search_finds_labels_and_words_in_any_case() {
        assert_eq!(labels("ngrok"), ["ngrok"]);
        assert_eq!(labels(" NGROK "), ["ngrok"]);
        assert_eq!(labels("developer tools"), ["ngrok", "GitHub Enterprise Cloud"]);
        assert_eq!(labels("s"), labels("S"));
        assert!(labels("no such thing").is_empty());
        assert_eq!(labels("").len(), ENTRIES.len());
    }

    #[test]
    fn a_label_that_begins_with_the_words_comes_first() {
        assert_eq!(labels("open")[0], "OpenID Connect web app");
        assert_eq!(labels("sa")[0], "Salesforce.com");
    }

    #[test]
    fn names_are_unique_and_lead_back_to_their_entry() {
        for known in &ENTRIES {
            assert!(std::ptr::eq(entry(known.name).unwrap(), known));
        }
    }
}

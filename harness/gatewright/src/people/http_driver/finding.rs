//! Finding what is on a page by the name that a person reads.

use super::dom::Id;
use super::page::{Page, clean};
use crate::people::{Label, Reason};

/// Something with a name.
struct Named {
    id: Id,
    kind: &'static str,
    name: String,
}

/// What kind of thing goes before which, when they have the same name.
const ORDER: &[&str] = &[
    "link",
    "button",
    "tab",
    "menu item",
    "option",
    "summary",
    "radio button",
    "checkbox",
    "field",
    "drop-down",
];

impl Page {
    /// What a person can click, of this name.
    pub(super) fn clickable(&self, label: &Label) -> Result<Id, Reason> {
        let named = |id| {
            let kind = self.clickable_kind(id).filter(|_| self.is_choice(id) || self.is_shown(id));
            kind.map(|kind| self.callings(id).into_iter().map(move |name| Named { id, kind, name }))
        };
        let id = self.one(
            &self.dom.elements().filter_map(named).flatten().collect::<Vec<_>>(),
            "to click",
            label,
        )?;
        self.usable(id, label)
    }

    /// A field for text, of this name.
    pub(super) fn field(&self, label: &Label) -> Result<Id, Reason> {
        let id = self.one(&self.fields(false), "to fill in", label)?;
        if self.dom.has(id, "readonly") {
            return Err(Reason::NotUsable { label: label.clone(), how: "read-only".into() });
        }
        self.usable(id, label)
    }

    /// A drop-down, of this name.
    pub(super) fn drop_down(&self, label: &Label) -> Result<Id, Reason> {
        let drop_downs: Vec<_> =
            self.fields(true).into_iter().filter(|named| named.kind == "drop-down").collect();
        let id = self.one(&drop_downs, "to choose in", label)?;
        self.usable(id, label)
    }

    /// What stands in a field, or beside a term or a row's heading, of this name.
    pub(super) fn value_of(&self, label: &Label) -> Result<String, Reason> {
        match self.one(&self.fields(true), "to read", label) {
            Ok(id) if self.dom.name(id) == "select" => {
                Ok(self.chosen(id).map(|option| self.option_text(option)).unwrap_or_default())
            }
            Ok(id) => Ok(self.typed(id)),
            Err(Reason::NothingCalled { choices, .. }) => {
                let described = self.described();
                match self.one(&described, "to read", label) {
                    Ok(id) => Ok(self.written(id)),
                    Err(Reason::NothingCalled { what, label, choices: others }) => {
                        Err(Reason::NothingCalled { what, label, choices: [choices, others].concat() })
                    }
                    Err(other) => Err(other),
                }
            }
            Err(other) => Err(other),
        }
    }

    fn fields(&self, with_drop_downs: bool) -> Vec<Named> {
        let named = |id| {
            let kind = match (self.dom.name(id), self.input_kind(id)) {
                ("textarea", _) => "field",
                ("select", _) if with_drop_downs => "drop-down",
                ("input", Some(kind)) if !NOT_TYPED.contains(&kind) => "field",
                _ => return None,
            };
            self.is_shown(id).then(|| Named { id, kind, name: self.accessible_name(id, false) })
        };
        self.dom.elements().filter_map(named).collect()
    }

    fn described(&self) -> Vec<Named> {
        let terms = self.dom.named(&["dt"]).filter_map(|term| {
            let mut next = self.dom.next_beside(term);
            while let Some(other) = next.filter(|next| self.dom.name(*next) == "dt") {
                next = self.dom.next_beside(other);
            }
            Some(Named { id: next?, kind: "term", name: clean(&self.dom.raw_text(term)) })
        });
        let rows = self.dom.named(&["th"]).filter_map(|heading| {
            let row = self.dom.around(heading, &["tr"])?;
            let cell = self.dom.within(row).find(|id| self.dom.name(*id) == "td")?;
            Some(Named { id: cell, kind: "row", name: clean(&self.dom.raw_text(heading)) })
        });
        terms.chain(rows).filter(|named| self.is_shown(named.id)).collect()
    }

    /// The one of this name, or why there is none.
    fn one(&self, things: &[Named], what: &'static str, label: &Label) -> Result<Id, Reason> {
        let found = self.beside(called(things, &label.text), label.within.as_deref());
        let leads_to = |id: Id| self.dom.attribute(id, "href").map(str::to_owned);
        match found.as_slice() {
            [] => {
                let mut choices: Vec<_> = things.iter().filter(|thing| !thing.name.is_empty()).collect();
                choices.dedup_by_key(|thing| (thing.kind, thing.name.clone()));
                let choices = choices.iter().map(|thing| format!("{} \"{}\"", thing.kind, thing.name));
                Err(Reason::NothingCalled { what, label: label.clone(), choices: choices.collect() })
            }
            [one] => Ok(*one),
            // Links that lead to the same place are the same.
            [first, others @ ..]
                if leads_to(*first).is_some()
                    && others.iter().all(|id| leads_to(*id) == leads_to(*first)) =>
            {
                Ok(*first)
            }
            several => Err(Reason::SeveralCalled { what, label: label.clone(), count: several.len() }),
        }
    }

    /// Of several, those in the smallest part of the page that shows the text.
    fn beside(&self, found: Vec<Id>, text: Option<&str>) -> Vec<Id> {
        let Some(text) = text.map(clean) else { return found };
        let shows = |part: &Id| clean(&self.dom.raw_text(*part)).contains(&text);
        let reach = |id: Id| {
            let part = std::iter::once(id).chain(self.dom.ancestors(id)).find(shows)?;
            Some(self.dom.within(part).count())
        };
        let reaches: Vec<_> = found.iter().map(|id| reach(*id)).collect();
        let least = reaches.iter().flatten().min();
        let nearest =
            found.iter().zip(&reaches).filter(|(_, reach)| least.is_some() && reach.as_ref() == least);
        nearest.map(|(id, _)| *id).collect()
    }

    fn clickable_kind(&self, id: Id) -> Option<&'static str> {
        match self.dom.attribute(id, "role") {
            Some("link") => return Some("link"),
            Some("button") => return Some("button"),
            Some("tab") => return Some("tab"),
            Some("menuitem") => return Some("menu item"),
            _ => {}
        }
        match (self.dom.name(id), self.input_kind(id)) {
            ("a" | "area", _) if self.dom.has(id, "href") => Some("link"),
            ("button", _) | ("input", Some("submit" | "button" | "reset" | "image")) => Some("button"),
            ("summary", _) => Some("summary"),
            ("input", Some("radio")) => Some("radio button"),
            ("input", Some("checkbox")) => Some("checkbox"),
            _ => None,
        }
    }

    /// A small part of Accessible Name and Description Computation 1.2.
    fn accessible_name(&self, id: Id, own: bool) -> String {
        let attribute = |name| clean(self.dom.attribute(id, name).unwrap_or_default());
        let labelled = self.dom.attribute(id, "aria-labelledby").unwrap_or_default();
        let by = labelled.split_whitespace().filter_map(|other| self.dom.by_id(other));
        let by = clean(&by.map(|other| self.content(other)).collect::<Vec<_>>().join(" "));
        let value = match self.input_kind(id) {
            Some("submit") if attribute("value").is_empty() => "Submit".into(),
            Some("reset") if attribute("value").is_empty() => "Reset".into(),
            Some("submit" | "button" | "reset") => attribute("value"),
            Some("image") => attribute("alt"),
            _ => String::new(),
        };
        let label = if own { String::new() } else { self.label_text(id) };
        let content = if own { clean(&self.content(id)) } else { String::new() };
        let names = [
            by,
            attribute("aria-label"),
            value,
            label,
            content,
            attribute("title"),
            attribute("placeholder"),
        ];
        names.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// By what something to click is called. A choice that has several labels is called by each of them, too.
    fn callings(&self, id: Id) -> Vec<String> {
        let mut names = vec![self.accessible_name(id, !self.is_choice(id))];
        if self.is_choice(id) {
            names.extend(self.labels(id).map(|label| clean(&self.content(label))));
            names.dedup();
        }
        names
    }

    fn is_choice(&self, id: Id) -> bool {
        matches!(self.input_kind(id), Some("radio" | "checkbox"))
    }

    fn label_text(&self, id: Id) -> String {
        clean(&self.labels(id).map(|label| self.content(label)).collect::<Vec<_>>().join(" "))
    }

    fn labels(&self, id: Id) -> impl Iterator<Item = Id> {
        let own_id = self.dom.attribute(id, "id");
        let is_for = move |label: &Id| match self.dom.attribute(*label, "for") {
            Some(target) => Some(target) == own_id,
            None => self.dom.within(*label).any(|inner| inner == id),
        };
        self.dom.named(&["label"]).filter(is_for)
    }

    fn content(&self, id: Id) -> String {
        let pictures = self.dom.within(id).filter_map(|inner| match self.dom.name(inner) {
            "img" => self.dom.attribute(inner, "alt"),
            _ => None,
        });
        let pictures = pictures.collect::<Vec<_>>().join(" ");
        format!("{} {pictures}", self.dom.spoken_text(id, &|id| self.is_open(id)))
    }

    fn is_shown(&self, id: Id) -> bool {
        self.dom.is_shown(id, &|id| self.is_open(id))
    }

    fn usable(&self, id: Id, label: &Label) -> Result<Id, Reason> {
        let disabled = self.is_disabled(id);
        if disabled {
            Err(Reason::NotUsable { label: label.clone(), how: "disabled".into() })
        } else {
            Ok(id)
        }
    }

    pub(super) fn is_disabled(&self, id: Id) -> bool {
        self.dom.has(id, "disabled")
            || self
                .dom
                .ancestors(id)
                .any(|around| self.dom.name(around) == "fieldset" && self.dom.has(around, "disabled"))
    }

    /// What stands in a part of the page: its one value if there is one, else its text.
    fn written(&self, id: Id) -> String {
        const VALUES: &[&str] = &["input", "textarea", "code", "samp", "kbd", "output"];
        let values: Vec<_> =
            self.dom.within(id).filter(|inner| VALUES.contains(&self.dom.name(*inner))).collect();
        match values.as_slice() {
            [one] if matches!(self.dom.name(*one), "input" | "textarea") => self.typed(*one),
            [one] => self.dom.raw_text(*one).trim().to_owned(),
            _ => self.dom.seen_text(id, &|id| self.is_open(id)),
        }
    }
}

/// Inputs that take no text.
const NOT_TYPED: &[&str] = &["hidden", "submit", "button", "reset", "image", "radio", "checkbox", "file"];

fn called(things: &[Named], text: &str) -> Vec<Id> {
    let same: fn(&str, &str) -> bool = |one, other| one == other;
    let alike: fn(&str, &str) -> bool = |one, other| one.to_lowercase() == other.to_lowercase();
    for equal in [same, alike] {
        let fits = |thing: &&Named| equal(bare(&thing.name), bare(&clean(text)));
        for kind in ORDER {
            let found: Vec<_> = things.iter().filter(|thing| thing.kind == *kind).filter(fits).collect();
            if !found.is_empty() {
                return found.iter().map(|thing| thing.id).collect();
            }
        }
        let others: Vec<_> =
            things.iter().filter(|thing| !ORDER.contains(&thing.kind)).filter(fits).collect();
        if !others.is_empty() {
            return others.iter().map(|thing| thing.id).collect();
        }
    }
    Vec::new()
}

/// "Client ID:" and "Client ID *" are called "Client ID".
fn bare(text: &str) -> &str {
    text.trim_end_matches([' ', ':', '*'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(html: &str) -> Page {
        Page::html("https://a.test/x/y?z#f".parse().unwrap(), html)
    }

    #[test]
    fn things_are_found_by_their_names_in_order() {
        let page = page(
            "<button>Go</button><a href=/go>Go</a><a href=/go>Go</a><button aria-label='Edit name'>x</button><button>Press <b aria-hidden=true>*</b> me</button>\
             <input type=submit><label>Agree <input type=checkbox></label><summary>More</summary><button hidden>No</button>",
        );
        let name = |label: &str| page.dom.name(page.clickable(&label.into()).unwrap());
        assert_eq!(
            [name("Go"), name("edit name"), name("Submit"), name("Agree"), name("More")],
            ["a", "button", "input", "input", "summary"]
        );
        let error = page.clickable(&"Sign in".into()).unwrap_err().to_string();
        assert_eq!(
            error,
            "nothing to click is called \"Sign in\"; there is button \"Go\", link \"Go\", button \"Edit name\", \
             button \"Press me\", button \"Submit\", checkbox \"Agree\", summary \"More\""
        );
    }

    #[test]
    fn a_choice_with_several_labels_is_called_by_each() {
        let page = page(
            "<input type=radio id=one><label for=one>App Only</label><label for=one>Login initiated by app</label>\
             <label><input type=radio id=two>Either</label>",
        );
        let id = |label: &str| page.dom.attribute(page.clickable(&label.into()).unwrap(), "id");
        for name in ["App Only", "Login initiated by app", "App Only Login initiated by app"] {
            assert_eq!(id(name), Some("one"));
        }
        assert_eq!(id("Either"), Some("two"));
    }

    #[test]
    fn several_of_a_name_are_told_apart_by_what_is_beside_them() {
        let page = page(
            "<table><tr><td>Alice<td><button value=a>Assign</button><tr><td>Bob<td><button value=b>Assign</button></table>",
        );
        let error = page.clickable(&"Assign".into()).unwrap_err();
        assert!(matches!(error, Reason::SeveralCalled { count: 2, .. }));
        let bob = page.clickable(&Label::new("Assign").within("Bob")).unwrap();
        assert_eq!(page.dom.attribute(bob, "value"), Some("b"));
        page.clickable(&Label::new("Assign").within("Carol")).unwrap_err();
    }
}

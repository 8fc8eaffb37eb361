//! A page without a browser: what is on it by name, and what a person has put into it.

use std::collections::HashMap;

use url::Url;

use super::dom::{Dom, Id};
use crate::people::{Label, Reason, View};

/// A page that was loaded, with what the person has done to it since.
#[derive(Debug)]
pub(super) struct Page {
    /// Its address, fragment included.
    pub(super) url: Url,
    pub(super) dom: Dom,
    held: HashMap<Id, Held>,
}

/// What a person has put in.
#[derive(Clone, Debug)]
enum Held {
    Text(String),
    Checked(bool),
    /// The option of a drop-down.
    Chosen(Id),
    Open(bool),
}

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
    /// A document that came as HTML.
    pub(super) fn html(url: Url, html: &str) -> Self {
        Self { url, dom: Dom::parse(html), held: HashMap::new() }
    }

    /// Any other text.
    pub(super) fn text(url: Url, text: &str) -> Self {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let lines = escaped.lines().map(|line| format!("<div>{line}</div>"));
        Self::html(url, &lines.collect::<String>())
    }

    pub(super) fn view(&self) -> View {
        let title = self.dom.named(&["title"]).next().map(|title| clean(&self.dom.raw_text(title)));
        View {
            address: self.url.to_string(),
            title: title.unwrap_or_default(),
            text: self.dom.seen_text(self.dom.root(), &|id| self.is_open(id)),
        }
    }

    /// What relative links are relative to (HTML, 4.2.3).
    pub(super) fn base(&self) -> Url {
        let base = self.dom.named(&["base"]).find_map(|base| self.dom.attribute(base, "href"));
        base.and_then(|base| self.url.join(base).ok()).unwrap_or_else(|| self.url.clone())
    }

    // What there is, by name.

    /// What a person can click, of this name.
    pub(super) fn clickable(&self, label: &Label) -> Result<Id, Reason> {
        let named = |id| {
            let kind = self.clickable_kind(id)?;
            let is_choice = matches!(self.input_kind(id), Some("radio" | "checkbox"));
            (is_choice || self.is_shown(id)).then(|| Named {
                id,
                kind,
                name: self.accessible_name(id, !is_choice),
            })
        };
        let id = self.one(&self.dom.elements().filter_map(named).collect::<Vec<_>>(), "to click", label)?;
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

    fn label_text(&self, id: Id) -> String {
        let own_id = self.dom.attribute(id, "id");
        let is_for = |label: &Id| match self.dom.attribute(*label, "for") {
            Some(target) => Some(target) == own_id,
            None => self.dom.within(*label).any(|inner| inner == id),
        };
        let labels = self.dom.named(&["label"]).filter(is_for);
        clean(&labels.map(|label| self.content(label)).collect::<Vec<_>>().join(" "))
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

    // What the person has put in.

    /// An input's type, `text` if it says none.
    pub(super) fn input_kind(&self, id: Id) -> Option<&str> {
        (self.dom.name(id) == "input").then(|| self.dom.attribute(id, "type").unwrap_or("text"))
    }

    /// Types into a field. Whether it took all of it.
    pub(super) fn fill(&mut self, id: Id, text: &str) -> bool {
        let most =
            self.dom.attribute(id, "maxlength").and_then(|most| most.parse().ok()).unwrap_or(usize::MAX);
        let taken: String = text.chars().take(most).collect();
        let all = taken == text;
        self.held.insert(id, Held::Text(taken));
        all
    }

    /// What a field for text holds.
    pub(super) fn typed(&self, id: Id) -> String {
        match self.held.get(&id) {
            Some(Held::Text(text)) => text.clone(),
            _ if self.dom.name(id) == "textarea" => self.dom.raw_text(id),
            _ => self.dom.attribute(id, "value").unwrap_or_default().to_owned(),
        }
    }

    /// Chooses an option by its text.
    pub(super) fn choose(&mut self, drop_down: Id, option: &str) -> Result<(), Reason> {
        let options: Vec<_> = self.options(drop_down).collect();
        let found = options.iter().find(|id| self.option_text(**id).eq_ignore_ascii_case(&clean(option)));
        match found {
            Some(id) => {
                self.held.insert(drop_down, Held::Chosen(*id));
                Ok(())
            }
            None => Err(Reason::NoOption {
                option: option.to_owned(),
                choices: options.iter().map(|id| self.option_text(*id)).collect(),
            }),
        }
    }

    /// The option that is chosen: by the person, by the page, or the first.
    pub(super) fn chosen(&self, drop_down: Id) -> Option<Id> {
        if let Some(Held::Chosen(option)) = self.held.get(&drop_down) {
            return Some(*option);
        }
        let selected = self.options(drop_down).find(|option| self.dom.has(*option, "selected"));
        selected.or_else(|| self.options(drop_down).find(|option| !self.dom.has(*option, "disabled")))
    }

    fn options(&self, drop_down: Id) -> impl Iterator<Item = Id> {
        self.dom.within(drop_down).filter(|id| self.dom.name(*id) == "option")
    }

    fn option_text(&self, option: Id) -> String {
        clean(&self.dom.raw_text(option))
    }

    pub(super) fn is_checked(&self, id: Id) -> bool {
        match self.held.get(&id) {
            Some(Held::Checked(checked)) => *checked,
            _ => self.dom.has(id, "checked"),
        }
    }

    /// Clicks a radio button or a checkbox.
    pub(super) fn toggle(&mut self, id: Id) {
        if self.input_kind(id) == Some("checkbox") {
            self.held.insert(id, Held::Checked(!self.is_checked(id)));
            return;
        }
        let (name, form) = (self.dom.attribute(id, "name"), self.dom.around(id, &["form"]));
        let of_group = |other: &Id| {
            self.input_kind(*other) == Some("radio")
                && self.dom.attribute(*other, "name") == name
                && self.dom.around(*other, &["form"]) == form
        };
        let group: Vec<_> = self.dom.named(&["input"]).filter(of_group).collect();
        for other in group {
            self.held.insert(other, Held::Checked(other == id));
        }
    }

    /// Clicks a summary.
    pub(super) fn unfold(&mut self, summary: Id) {
        if let Some(details) = self.dom.around(summary, &["details"]) {
            self.held.insert(details, Held::Open(!self.is_open(details)));
        }
    }

    /// Puts a form back as it came.
    pub(super) fn reset(&mut self, form: Id) {
        let inner: Vec<_> = self.dom.within(form).collect();
        self.held.retain(|id, _| !inner.contains(id));
    }

    fn is_open(&self, id: Id) -> bool {
        match self.held.get(&id) {
            Some(Held::Open(open)) => *open,
            _ => self.dom.has(id, "open"),
        }
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

fn clean(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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

    #[test]
    fn fields_hold_what_is_put_in() {
        let mut page = page(
            "<form><label for=n>Name *</label><input id=n value=old><textarea aria-label=Note>\nline</textarea>\
             <label>Colour <select><option>Red<option selected>Green</select></label>\
             <input type=radio name=r id=r1 checked><input type=radio name=r id=r2><input readonly title=Fixed value=v>\
             </form><dl><dt>Client ID:<dd><code>0oa1</code> <button>Copy</button></dl>\
             <table><tr><th>Secret<td>s3 <b>cret</b></table>",
        );
        let value = |page: &Page, label: &str| page.value_of(&label.into()).unwrap();
        assert_eq!(
            [value(&page, "Name"), value(&page, "note"), value(&page, "Colour")],
            ["old", "line", "Green"]
        );
        assert_eq!([value(&page, "Client ID"), value(&page, "Secret")], ["0oa1", "s3 cret"]);
        let field = page.field(&"Name".into()).unwrap();
        assert!(page.fill(field, "new"));
        let drop_down = page.drop_down(&"Colour".into()).unwrap();
        page.choose(drop_down, "red").unwrap();
        assert_eq!([value(&page, "Name"), value(&page, "Colour")], ["new", "Red"]);
        assert_eq!(
            page.choose(drop_down, "Blue").unwrap_err().to_string(),
            "it has no option \"Blue\"; there is Red, Green"
        );
        assert!(matches!(page.field(&"Fixed".into()), Err(Reason::NotUsable { .. })));
        let (one, two) = (page.dom.by_id("r1").unwrap(), page.dom.by_id("r2").unwrap());
        page.toggle(two);
        assert!(page.is_checked(two) && !page.is_checked(one));
        let form = page.dom.named(&["form"]).next().unwrap();
        page.reset(form);
        assert!(page.is_checked(one));
        assert_eq!(value(&page, "Name"), "old");
    }

    #[test]
    fn a_text_that_is_no_html_is_seen_as_it_is() {
        let page = Page::text("https://a.test/".parse().unwrap(), "{\"a\": \"<b>\"}\nsecond & last");
        assert_eq!(page.view().text, "{\"a\": \"<b>\"}\nsecond & last");
    }
}

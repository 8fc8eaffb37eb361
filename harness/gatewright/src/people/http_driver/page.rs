//! A page without a browser, and what a person has put into it.

use std::collections::HashMap;

use url::Url;

use super::dom::{Dom, Id};
use crate::people::{Reason, View};

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

    pub(super) fn option_text(&self, option: Id) -> String {
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

    pub(super) fn is_open(&self, id: Id) -> bool {
        match self.held.get(&id) {
            Some(Held::Open(open)) => *open,
            _ => self.dom.has(id, "open"),
        }
    }
}

/// White space put together.
pub(super) fn clean(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(html: &str) -> Page {
        Page::html("https://a.test/x/y?z#f".parse().unwrap(), html)
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

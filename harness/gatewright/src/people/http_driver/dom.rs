//! A document as a tree, and what of it would be seen.

use scraper::Html;
use scraper::node::Node as Parsed;

/// A document, parsed as browsers do (HTML, 13.2), without running its scripts.
#[derive(Debug)]
pub(super) struct Dom {
    nodes: Vec<Node>,
}

/// A node's place in its document; in document order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(usize);

#[derive(Debug)]
struct Node {
    parent: Option<Id>,
    children: Vec<Id>,
    /// The place behind all that is in it.
    end: usize,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Element { name: String, attributes: Vec<(String, String)> },
    Text(String),
    Other,
}

/// What has no place in the text that a person sees.
const UNSEEN: &[&str] =
    &["head", "script", "style", "template", "noscript", "title", "datalist", "option", "textarea"];

/// What stands on lines of its own.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "thead",
    "tr",
    "ul",
];

impl Dom {
    pub(super) fn parse(html: &str) -> Self {
        let parsed = Html::parse_document(html);
        let mut dom = Self { nodes: Vec::new() };
        // By hand rather than by recursion: a document may be deeper than a stack.
        let mut waiting = vec![(None, parsed.tree.root())];
        while let Some((parent, node)) = waiting.pop() {
            let content = match node.value() {
                Parsed::Element(element) => Content::Element {
                    name: element.name().to_owned(),
                    attributes: element
                        .attrs()
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .collect(),
                },
                Parsed::Text(text) => Content::Text(text.to_string()),
                _ => Content::Other,
            };
            let id = dom.add(parent, content);
            waiting.extend(node.children().rev().map(|child| (Some(id), child)));
        }
        for place in (0..dom.nodes.len()).rev() {
            let last = dom.nodes[place].children.last();
            dom.nodes[place].end = last.map_or(place + 1, |last| dom.nodes[last.0].end);
        }
        dom
    }

    fn add(&mut self, parent: Option<Id>, content: Content) -> Id {
        let id = Id(self.nodes.len());
        self.nodes.push(Node { parent, children: Vec::new(), end: id.0 + 1, content });
        if let Some(parent) = parent {
            self.nodes[parent.0].children.push(id);
        }
        id
    }

    pub(super) fn root(&self) -> Id {
        Id(0)
    }

    /// Every element, in document order.
    pub(super) fn elements(&self) -> impl Iterator<Item = Id> {
        (0..self.nodes.len()).map(Id).filter(|id| self.is_element(*id))
    }

    /// Every element of one of these names, in document order.
    pub(super) fn named<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = Id> + 'a {
        self.elements().filter(move |id| names.contains(&self.name(*id)))
    }

    /// An element and all in it, in document order.
    pub(super) fn within(&self, id: Id) -> impl Iterator<Item = Id> {
        (id.0..self.nodes[id.0].end).map(Id).filter(|id| self.is_element(*id))
    }

    fn is_in(&self, id: Id, outer: Id) -> bool {
        (outer.0 + 1..self.nodes[outer.0].end).contains(&id.0)
    }

    /// The parent, its parent and so on.
    pub(super) fn ancestors(&self, id: Id) -> impl Iterator<Item = Id> {
        std::iter::successors(self.nodes[id.0].parent, |id| self.nodes[id.0].parent)
    }

    fn is_element(&self, id: Id) -> bool {
        matches!(self.nodes[id.0].content, Content::Element { .. })
    }

    /// An element's name, nothing for other nodes.
    pub(super) fn name(&self, id: Id) -> &str {
        match &self.nodes[id.0].content {
            Content::Element { name, .. } => name,
            Content::Text(_) | Content::Other => "",
        }
    }

    pub(super) fn attribute(&self, id: Id, wanted: &str) -> Option<&str> {
        match &self.nodes[id.0].content {
            Content::Element { attributes, .. } => {
                attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
            }
            Content::Text(_) | Content::Other => None,
        }
    }

    pub(super) fn has(&self, id: Id, attribute: &str) -> bool {
        self.attribute(id, attribute).is_some()
    }

    pub(super) fn by_id(&self, id: &str) -> Option<Id> {
        self.elements().find(|element| self.attribute(*element, "id") == Some(id))
    }

    /// The nearest element around it of one of these names.
    pub(super) fn around(&self, id: Id, names: &[&str]) -> Option<Id> {
        self.ancestors(id).find(|ancestor| names.contains(&self.name(*ancestor)))
    }

    /// The element beside it, the next one.
    pub(super) fn next_beside(&self, id: Id) -> Option<Id> {
        let siblings = &self.nodes[self.nodes[id.0].parent?.0].children;
        siblings.iter().copied().find(|sibling| *sibling > id && self.is_element(*sibling))
    }

    /// All text in it as it stands, seen or not.
    pub(super) fn raw_text(&self, id: Id) -> String {
        let texts = self.nodes[id.0..self.nodes[id.0].end].iter().filter_map(|node| match &node.content {
            Content::Text(part) => Some(part.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// Whether it would be seen, as far as the document itself tells: style sheets are not read.
    pub(super) fn is_shown(&self, id: Id, opened: &dyn Fn(Id) -> bool) -> bool {
        self.shows(id, opened)
            && self
                .ancestors(id)
                .all(|ancestor| self.shows(ancestor, opened) && self.lets_see(ancestor, id, opened))
    }

    fn shows(&self, id: Id, opened: &dyn Fn(Id) -> bool) -> bool {
        let style = self.attribute(id, "style").unwrap_or_default().to_ascii_lowercase().replace(' ', "");
        let hidden =
            self.has(id, "hidden") || style.contains("display:none") || style.contains("visibility:hidden");
        !hidden && (self.name(id) != "dialog" || self.has(id, "open") || opened(id))
    }

    /// Closed details show their summary alone.
    fn lets_see(&self, details: Id, inner: Id, opened: &dyn Fn(Id) -> bool) -> bool {
        if self.name(details) != "details" || opened(details) {
            return true;
        }
        self.name(inner) == "summary"
            || self.around(inner, &["summary"]).is_some_and(|summary| self.is_in(summary, details))
    }

    /// The text that would be seen in it, a line a block.
    pub(super) fn seen_text(&self, id: Id, opened: &dyn Fn(Id) -> bool) -> String {
        self.text_where(id, opened, &|id| self.shows(id, opened))
    }

    /// The text that would be read out in it.
    pub(super) fn spoken_text(&self, id: Id, opened: &dyn Fn(Id) -> bool) -> String {
        let spoken = |id| self.shows(id, opened) && self.attribute(id, "aria-hidden") != Some("true");
        self.text_where(id, opened, &spoken)
    }

    fn text_where(&self, id: Id, opened: &dyn Fn(Id) -> bool, counts: &dyn Fn(Id) -> bool) -> String {
        let mut text = String::new();
        self.write_text(id, opened, counts, &mut text);
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    fn write_text(
        &self,
        root: Id,
        opened: &dyn Fn(Id) -> bool,
        counts: &dyn Fn(Id) -> bool,
        text: &mut String,
    ) {
        enum Step {
            Enter(Id),
            BreakLine,
        }
        let mut steps = vec![Step::Enter(root)];
        while let Some(step) = steps.pop() {
            let id = match step {
                Step::BreakLine => {
                    text.push('\n');
                    continue;
                }
                Step::Enter(id) => id,
            };
            match &self.nodes[id.0].content {
                Content::Text(part) if part.contains('\n') => text.push_str(&part.replace('\n', " ")),
                Content::Text(part) => text.push_str(part),
                Content::Element { name, .. } if UNSEEN.contains(&name.as_str()) || !counts(id) => {}
                Content::Element { name, .. } => {
                    if BLOCKS.contains(&name.as_str()) {
                        text.push('\n');
                        steps.push(Step::BreakLine);
                    } else if matches!(name.as_str(), "td" | "th") {
                        text.push(' ');
                    }
                    let children = self.nodes[id.0].children.iter().rev();
                    let seen = children.filter(|child| self.lets_see(id, **child, opened));
                    steps.extend(seen.map(|child| Step::Enter(*child)));
                }
                Content::Other => {
                    steps.extend(self.nodes[id.0].children.iter().rev().map(|child| Step::Enter(*child)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(html: &str) -> String {
        let dom = Dom::parse(html);
        dom.seen_text(dom.root(), &|_| false)
    }

    #[test]
    fn what_a_person_would_not_see_is_left_out() {
        let html = "<title>T</title><body><h1>One</h1><p hidden>no<p style='display: none'>no<script>no</script>\
            <p>two <b>three</b>\n four<br>five<textarea>no</textarea><details><summary>Six</summary><p>no</details>\
            <dialog>no</dialog><table><tr><td>7<td>8</table>";
        assert_eq!(text(html), "One\ntwo three four\nfive\nSix\n7 8");
    }

    #[test]
    fn opened_details_show_what_is_in_them() {
        let dom = Dom::parse("<details><summary>More</summary><p>inside</details>");
        assert_eq!(dom.seen_text(dom.root(), &|_| true), "More\ninside");
        let inside = dom.named(&["p"]).next().unwrap();
        assert!(!dom.is_shown(inside, &|_| false) && dom.is_shown(inside, &|_| true));
    }

    #[test]
    fn a_document_may_be_very_deep() {
        assert_eq!(text(&"<div>x".repeat(2000)).lines().count(), 2000);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(html in "([<>/a-z =\"'&;]|<p>|<form>|<input name=a>){0,80}") {
            let dom = Dom::parse(&html);
            let _ = dom.seen_text(dom.root(), &|_| false);
            for id in dom.elements() {
                prop_assert!(dom.within(id).next() == Some(id));
                let _ = dom.is_shown(id, &|_| false);
            }
        }
    }
}

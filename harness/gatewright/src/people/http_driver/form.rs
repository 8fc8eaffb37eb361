//! Sending a form (HTML, 4.10.21).

use http::Method;
use url::{Url, form_urlencoded};

use super::dom::Id;
use super::page::Page;
use crate::people::Reason;

/// What sending a form asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Submission {
    pub(super) method: Method,
    pub(super) url: Url,
    /// `application/x-www-form-urlencoded`, for a POST.
    pub(super) body: Option<String>,
}

/// What a click on a button would send; nothing for a button that sends no form.
pub(super) fn submission(page: &Page, button: Id) -> Result<Option<Submission>, Reason> {
    let dom = &page.dom;
    let kind = dom.attribute(button, "type").unwrap_or("submit").to_ascii_lowercase();
    let Some(form) = form_of(page, button).filter(|_| matches!(kind.as_str(), "submit" | "image")) else {
        return Ok(None);
    };
    let said = |of_button, of_form| dom.attribute(button, of_button).or_else(|| dom.attribute(form, of_form));
    let encoding = said("formenctype", "enctype").unwrap_or(URL_ENCODED).to_ascii_lowercase();
    let action = said("formaction", "action").unwrap_or_default();
    // Without an action, to where the page came from; never with its fragment.
    let target = if action.is_empty() { Ok(page.url.clone()) } else { page.base().join(action) };
    let mut url =
        target.map_err(|error| Reason::Invalid(format!("the form leads to `{action}`: {error}")))?;
    url.set_fragment(None);

    let pairs = entries(page, form, button);
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    match said("formmethod", "method").unwrap_or("get").to_ascii_lowercase().as_str() {
        "post" if encoding == URL_ENCODED => {
            Ok(Some(Submission { method: Method::POST, url, body: Some(encoded) }))
        }
        "post" => Err(Reason::Unsupported { driver: "http" }),
        "dialog" => Ok(None),
        _ => {
            url.set_query(Some(&encoded));
            Ok(Some(Submission { method: Method::GET, url, body: None }))
        }
    }
}

const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// The form that a control belongs to: the one it names, or the one around it.
pub(super) fn form_of(page: &Page, control: Id) -> Option<Id> {
    match page.dom.attribute(control, "form") {
        Some(id) => page.dom.by_id(id).filter(|form| page.dom.name(*form) == "form"),
        None => page.dom.around(control, &["form"]),
    }
}

/// What the form's controls say, in the order of the document.
fn entries(page: &Page, form: Id, button: Id) -> Vec<(String, String)> {
    let dom = &page.dom;
    let controls = dom.named(&["input", "textarea", "select", "button"]);
    let controls = controls.filter(|id| form_of(page, *id) == Some(form) && !page.is_disabled(*id));
    let entry = |id: Id| {
        let name = dom.attribute(id, "name").filter(|name| !name.is_empty())?.to_owned();
        let said = || dom.attribute(id, "value").map(str::to_owned);
        let value = match (dom.name(id), page.input_kind(id)) {
            ("select", _) => {
                let option = page.chosen(id)?;
                dom.attribute(option, "value")
                    .map_or_else(|| dom.raw_text(option).trim().to_owned(), str::to_owned)
            }
            ("button", _) | (_, Some("submit" | "button" | "reset" | "image")) => {
                (id == button).then(|| said().unwrap_or_default())?
            }
            (_, Some("checkbox" | "radio")) => {
                page.is_checked(id).then(|| said().unwrap_or_else(|| "on".into()))?
            }
            (_, Some("file")) => String::new(),
            (_, Some("hidden")) => said().unwrap_or_default(),
            // Line ends travel as CR LF.
            ("textarea", _) => page.typed(id).replace("\r\n", "\n").replace('\n', "\r\n"),
            _ => page.typed(id),
        };
        Some((name, value))
    };
    controls.filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(html: &str) -> Result<Option<Submission>, Reason> {
        let page = Page::html("https://a.test/x/y?z=1#f".parse().unwrap(), html);
        let button = page.dom.named(&["button"]).last().unwrap();
        submission(&page, button)
    }

    #[test]
    fn a_form_sends_what_its_controls_say_and_the_button_that_was_clicked() {
        let html = "<form method=POST action=../to?q><input type=hidden name=csrf value='a b&c'><input name=n value=v>\
            <input name='' value=no><input value=no><input name=off disabled value=no><input type=checkbox name=c checked>\
            <input type=checkbox name=d><input type=radio name=r value=1><input type=radio name=r value=2 checked>\
            <textarea name=t>one\ntwo</textarea><select name=s><option value=x>X<option selected>Y</select>\
            <button name=b value=1>A</button><button name=b value=2>B</button></form><input name=outside value=no>";
        let expected = Submission {
            method: Method::POST,
            url: "https://a.test/to?q".parse().unwrap(),
            body: Some("csrf=a+b%26c&n=v&c=on&r=2&t=one%0D%0Atwo&s=Y&b=2".into()),
        };
        assert_eq!(sent(html).unwrap(), Some(expected));
    }

    #[test]
    fn a_get_form_replaces_the_query_and_a_button_may_overrule_its_form() {
        let got = sent("<form><input name=q value='a b'><button>Go</button></form>").unwrap().unwrap();
        assert_eq!((got.method, got.url.as_str()), (Method::GET, "https://a.test/x/y?q=a+b"));
        let overruled =
            "<form><input name=q value=1><button formmethod=post formaction=/other>Go</button></form>";
        let got = sent(overruled).unwrap().unwrap();
        assert_eq!((got.method, got.url.as_str()), (Method::POST, "https://a.test/other"));
        let outside = "<form id=f action=/f><input name=q value=1></form><button form=f>Go</button>";
        assert_eq!(sent(outside).unwrap().unwrap().url.as_str(), "https://a.test/f?q=1");
    }

    #[test]
    fn buttons_that_send_nothing_and_uploads_are_told_apart() {
        assert_eq!(sent("<button>Lonely</button>").unwrap(), None);
        assert_eq!(sent("<form><button type=button>Script</button></form>").unwrap(), None);
        let files = "<form method=post enctype=multipart/form-data><button>Send</button></form>";
        assert!(matches!(sent(files), Err(Reason::Unsupported { .. })));
    }
}

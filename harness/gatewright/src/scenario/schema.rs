//! The JSON Schema of scenario files, for editors that check and complete while one writes.

use serde_json::{Map, Value, json};

use super::content::Scenario;
use crate::vocabulary::shape::{Choice, Record, Shape, named_shapes, on_one_line};
use crate::vocabulary::{StepEntry, Subject, VOCABULARY};

/// A name that a scenario gives.
const NAME: &str = "[a-z][a-z0-9_-]*";

/// The schema, of JSON Schema's draft 2020-12. It knows no names of a scenario's own: what passes it may still have a
/// person or a tunnel that isn't there.
pub fn schema() -> Value {
    let definitions = named_shapes(Scenario::RECORD).into_iter().filter_map(|shape| match shape {
        Shape::Record(record) => Some((record.name.to_owned(), of_record(record))),
        Shape::Choice(choice) => Some((choice.name.to_owned(), of_choice(choice))),
        _ => None,
    });
    let mut schema = of_map(Scenario::RECORD);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("A Gatewright scenario");
    schema["$defs"] = Value::Object(definitions.collect::<Map<_, _>>());
    schema
}

/// A record, which may have a short form.
fn of_record(record: &Record) -> Value {
    let map = of_map(record);
    match record.fields.iter().find(|field| Some(field.name) == record.short) {
        Some(short) => json!({ "anyOf": [of((short.shape)()), map] }),
        None => map,
    }
}

fn of_map(record: &Record) -> Value {
    let properties = record.fields.iter().map(|field| {
        let mut schema = of((field.shape)());
        schema["description"] = json!(on_one_line(field.doc));
        (field.name.to_owned(), schema)
    });
    let required: Vec<_> =
        record.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({
        "type": "object",
        "description": on_one_line(record.doc),
        "properties": properties.collect::<Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}

fn of_choice(choice: &Choice) -> Value {
    let forms: Vec<_> = choice.forms.iter().map(|(_, record)| reference(record.name)).collect();
    json!({ "description": on_one_line(choice.doc), "oneOf": forms })
}

fn of(shape: Shape) -> Value {
    match shape {
        Shape::Text(what) => json!({ "type": "string", "description": what }),
        // What stands without quotes may look like a number; it is text all the same.
        Shape::Template | Shape::Pattern => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Name(_) => json!({ "type": "string", "pattern": format!("^{NAME}$") }),
        Shape::Words(words) => json!({ "enum": words.iter().map(|word| word.word).collect::<Vec<_>>() }),
        Shape::Known { words, .. } => json!({ "enum": words() }),
        Shape::Number { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Anything => json!({}),
        Shape::OneOrMore(item) => {
            let item = of(*item);
            json!({ "anyOf": [item.clone(), { "type": "array", "items": item, "minItems": 1 }] })
        }
        Shape::Entries { value, .. } => json!({ "type": "object", "additionalProperties": of(*value) }),
        Shape::Record(record) => reference(record.name),
        Shape::Choice(choice) => reference(choice.name),
        Shape::Steps => json!({ "type": "array", "minItems": 1, "items": of_step() }),
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// One step: text, or a map with one entry.
fn of_step() -> Value {
    let mut alone = Vec::new();
    let mut told = Map::new();
    for (subject, step) in
        VOCABULARY.iter().flat_map(|subject| subject.steps.iter().map(move |step| (subject, step)))
    {
        match step.argument {
            Some(shape) => {
                let mut schema = of(shape());
                schema["description"] = json!(on_one_line(step.doc));
                told.insert(format!("^{}$", words(subject, step)), schema);
            }
            None => alone.push(words(subject, step)),
        }
    }
    json!({ "anyOf": [
        { "type": "string", "pattern": format!("^(?:{})$", alone.join("|")) },
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "patternProperties": told,
            "additionalProperties": false,
        },
    ] })
}

/// What the words of a step look like.
fn words(subject: &Subject, step: &StepEntry) -> String {
    format!("{} {}", subject.written.replace("NAME", NAME), step.phrase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_as_it_is_reviewed() {
        insta::assert_json_snapshot!(schema());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(to)) = members.get("$ref") {
                        found.push(to.clone());
                    }
                    members.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        let schema = schema();
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert!(found.len() > 30, "{}", found.len());
        for to in found {
            assert!(schema.pointer(&to[1..]).is_some(), "{to}");
        }
    }
}

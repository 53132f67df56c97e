//! Parameters before and after.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::error::NodeError;

/// One parameter that a proposal changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its name.
    pub field: String,
    /// What the chain holds now.
    pub before: Value,
    /// What it would hold.
    pub after: Value,
}

/// The parameters `current` with `assignments` (`field=value`) made, and what differs.
///
/// A value takes the JSON type that the field has now, so that the contract can read it. The contract's own bounds are
/// checked by the simulation, not here.
pub fn merge(current: &Value, assignments: &[String]) -> Result<(Value, Vec<Change>), NodeError> {
    let refused = |problem: String| NodeError::BadRequest { field: "set", problem };
    let mut params = current.clone();
    let fields =
        params.as_object_mut().ok_or_else(|| refused("this contract shows no parameters in its config".into()))?;
    let mut changes: Vec<Change> = Vec::new();
    for assignment in assignments {
        let (field, text) =
            assignment.split_once('=').ok_or_else(|| refused(format!("{assignment:?} must look like field=value")))?;
        let before = fields.get(field).ok_or_else(|| {
            let known: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
            let known = Vec::from_iter(known).join(", ");
            refused(format!("no parameter {field:?}; there are: {known}"))
        })?;
        if changes.iter().any(|change| change.field == field) {
            return Err(refused(format!("{field:?} is set twice")));
        }
        let after = typed(before, text)
            .ok_or_else(|| refused(format!("{field}: {text:?} is not of the type of the present value, {before}")))?;
        if *before == after {
            return Err(refused(format!("{field} is {before} already")));
        }
        changes.push(Change { field: field.to_owned(), before: before.clone(), after: after.clone() });
        fields.insert(field.to_owned(), after);
    }
    if changes.is_empty() {
        return Err(refused("nothing to change; name at least one field=value".into()));
    }
    Ok((params, changes))
}

/// `text` as JSON of the same type as `like`.
fn typed(like: &Value, text: &str) -> Option<Value> {
    match like {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Number(_) => text.parse::<u64>().ok().map(Value::from),
        Value::Bool(_) => text.parse::<bool>().ok().map(Value::from),
        // Optional and composite parameters are written as JSON; plain words are strings.
        _ => Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(assignments: &[&str]) -> Result<(Value, Vec<Change>), NodeError> {
        let current = json!({ "window": "60", "most": 64, "open": true, "cap": null });
        merge(&current, &assignments.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn values_take_the_type_that_the_field_has() {
        let (params, changes) = set(&["window=90", "most=32", "open=false", "cap=5"]).unwrap();
        assert_eq!(params, json!({ "window": "90", "most": 32, "open": false, "cap": 5 }));
        assert_eq!(changes[0], Change { field: "window".into(), before: json!("60"), after: json!("90") });
        assert_eq!(changes.len(), 4);
    }

    #[test]
    fn mistakes_are_named() {
        for (assignments, part) in [
            (&["window"][..], "field=value"),
            (&["windows=1"], "there are: cap, most, open, window"),
            (&["most=many"], "not of the type"),
            (&["open=1"], "not of the type"),
            (&["window=60"], "already"),
            (&["window=61", "window=62"], "twice"),
            (&[], "nothing to change"),
        ] {
            let error = set(assignments).unwrap_err();
            assert_eq!(error.reason(), "BAD_REQUEST");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

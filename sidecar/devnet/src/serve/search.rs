//! CometBFT's query language, as far as wallets and clients use it: conditions joined by `AND`.

use crate::chain::{Chain, blocks::IncludedTx};

/// Longest query text.
const MAX_QUERY: usize = 2048;
/// Most conditions in a query.
const MAX_CONDITIONS: usize = 16;

/// A parsed query.
pub struct Query(Vec<Condition>);

struct Condition {
    key: String,
    relation: Relation,
    value: Operand,
}

#[derive(Clone, Copy, PartialEq)]
enum Relation {
    Equal,
    AtLeast,
    AtMost,
    Above,
    Below,
}

enum Operand {
    Text(String),
    Number(i128),
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_QUERY {
            return Err(format!("a query has at most {MAX_QUERY} bytes"));
        }
        let mut rest = text.trim();
        let mut conditions = Vec::new();
        loop {
            let (condition, after) = Condition::parse(rest)?;
            conditions.push(condition);
            if conditions.len() > MAX_CONDITIONS {
                return Err(format!("a query has at most {MAX_CONDITIONS} conditions"));
            }
            let after = after.trim_start();
            if after.is_empty() {
                return Ok(Self(conditions));
            }
            rest = after
                .strip_prefix("AND ")
                .ok_or_else(|| "conditions are joined by AND; nothing else is known here".to_owned())?
                .trim_start();
        }
    }

    /// The transactions that fulfil every condition, oldest first.
    pub fn run<'a>(&self, chain: &'a Chain) -> Vec<&'a IncludedTx> {
        let fits = |tx: &&IncludedTx| self.0.iter().all(|condition| condition.holds(tx));
        // Clients that wait for their transaction ask for its hash again and again: never scan for those.
        if let Some(hash) = self.0.iter().find_map(Condition::hash) {
            return chain.txs.get(&hash).map(AsRef::as_ref).filter(fits).into_iter().collect();
        }
        let mut found: Vec<_> = chain.txs.values().map(AsRef::as_ref).filter(fits).collect();
        found.sort_by_key(|tx| (tx.height, tx.index));
        found
    }
}

impl Condition {
    fn parse(text: &str) -> Result<(Self, &str), String> {
        let end = text.find([' ', '=', '<', '>']).ok_or_else(|| "a condition is key = value".to_owned())?;
        let (key, rest) = text.split_at(end);
        let rest = rest.trim_start();
        let relations = [
            (">=", Relation::AtLeast),
            ("<=", Relation::AtMost),
            ("=", Relation::Equal),
            (">", Relation::Above),
            ("<", Relation::Below),
        ];
        let (relation, rest) = relations
            .iter()
            .find_map(|(sign, relation)| rest.strip_prefix(sign).map(|rest| (*relation, rest)))
            .ok_or_else(|| "only = < <= > >= are known here".to_owned())?;
        let rest = rest.trim_start();
        let (value, rest) = match rest.strip_prefix('\'') {
            Some(quoted) => {
                let end = quoted.find('\'').ok_or_else(|| "a quote is not closed".to_owned())?;
                let (value, after) = quoted.split_at(end);
                (Operand::Text(value.to_owned()), after.get(1..).unwrap_or_default())
            }
            None => {
                let end = rest.find(' ').unwrap_or(rest.len());
                let (digits, after) = rest.split_at(end);
                let number = digits.parse().map_err(|_| "a value is a number or a text in single quotes".to_owned())?;
                (Operand::Number(number), after)
            }
        };
        if key.is_empty() {
            return Err("a condition is key = value".to_owned());
        }
        let condition = Self { key: key.to_owned(), relation, value };
        Ok((condition, rest))
    }

    /// The only hash that fulfils the condition, if it is about one.
    fn hash(&self) -> Option<[u8; 32]> {
        let Operand::Text(text) = &self.value else {
            return None;
        };
        let mut hash = [0; 32];
        (self.key == "tx.hash" && hex::decode_to_slice(text, &mut hash).is_ok()).then_some(hash)
    }

    fn holds(&self, tx: &IncludedTx) -> bool {
        match self.key.as_str() {
            "tx.height" => self.matches(&tx.height.to_string()),
            "tx.hash" => match &self.value {
                Operand::Text(hash) => {
                    self.relation == Relation::Equal && hash.eq_ignore_ascii_case(&hex::encode(tx.hash))
                }
                Operand::Number(_) => false,
            },
            key => {
                let Some((kind, name)) = key.rsplit_once('.') else {
                    return false;
                };
                tx.result
                    .events
                    .iter()
                    .filter(|event| event.r#type == kind)
                    .flat_map(|event| &event.attributes)
                    .any(|pair| pair.key == name && self.matches(&pair.value))
            }
        }
    }

    fn matches(&self, found: &str) -> bool {
        match &self.value {
            Operand::Text(text) => self.relation == Relation::Equal && text == found,
            Operand::Number(number) => found.parse::<i128>().is_ok_and(|found| match self.relation {
                Relation::Equal => found == *number,
                Relation::AtLeast => found >= *number,
                Relation::AtMost => found <= *number,
                Relation::Above => found > *number,
                Relation::Below => found < *number,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_clients_send() {
        for (text, count) in [
            ("tx.hash='AB'", 1),
            ("message.sender='wasm1x' AND tx.height>=5", 2),
            ("wasm._contract_address = 'a AND b' AND tx.height <= 9", 2),
        ] {
            let query = Query::parse(text).expect(text);
            assert_eq!(query.0.len(), count, "{text}");
        }
        for text in ["", "x", "x=", "x='", "='a'", "a='b' OR c='d'", "a CONTAINS 'b'"] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = Query::parse(&text);
        }
    }
}

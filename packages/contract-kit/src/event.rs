//! Typed events. A contract lists its events in one enum; indexers rebuild its state from them.

/// An event with a fixed name and named values.
pub trait Event {
    /// `<contract>/<event>`, for example `datanets/joined`. The chain prepends `wasm-`.
    fn name(&self) -> &'static str;

    /// Keys and values in a fixed order. Empty values are left out of the chain's event.
    fn attributes(&self) -> Vec<(&'static str, String)>;

    /// The chain's form.
    fn to_cosmwasm(&self) -> cosmwasm_std::Event {
        let attributes = self.attributes().into_iter().filter(|(_, value)| !value.is_empty());
        cosmwasm_std::Event::new(self.name()).add_attributes(attributes)
    }

    /// One line of text, for golden files: the name, then `key=value` pairs.
    fn line(&self) -> String {
        let values: Vec<String> = self.attributes().iter().map(|(k, v)| format!("{k}={v}")).collect();
        format!("{} {}", self.name(), values.join(" "))
    }
}

/// A response that carries one event.
pub fn respond(event: impl Event) -> cosmwasm_std::Response {
    cosmwasm_std::Response::new().add_event(event.to_cosmwasm())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Joined {
        member: &'static str,
    }
    impl Event for Joined {
        fn name(&self) -> &'static str {
            "kit/joined"
        }
        fn attributes(&self) -> Vec<(&'static str, String)> {
            vec![("member", self.member.to_owned())]
        }
    }

    #[test]
    fn becomes_a_chain_event_without_empty_values() {
        let event = respond(Joined { member: "m" }).events.remove(0);
        assert_eq!(event.ty, "kit/joined");
        assert_eq!(event.attributes.len(), 1);
        assert!(respond(Joined { member: "" }).events.remove(0).attributes.is_empty());
        assert_eq!(Joined { member: "m" }.line(), "kit/joined member=m");
    }
}

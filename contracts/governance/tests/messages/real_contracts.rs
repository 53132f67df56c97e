//! What governance sends, asks and knows fits our real contracts.

use std::collections::BTreeSet;

use cosmwasm_schema::{
    schema_for,
    schemars::{schema::RootSchema, JsonSchema},
};
use cosmwasm_std::from_json;
use governance::known;

fn fields(schema: RootSchema) -> BTreeSet<String> {
    schema.schema.object.unwrap().properties.into_keys().collect()
}

/// A parameter that somebody adds to a contract shows here.
fn knows<T: JsonSchema>(rows: &[known::Row]) {
    let known: BTreeSet<String> = rows.iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(known.len(), rows.len());
    let missing: Vec<String> = fields(schema_for!(T)).difference(&known).cloned().collect();
    assert!(missing.is_empty(), "the registry does not know {missing:?}");
}

#[test]
fn the_registry_knows_every_parameter() {
    knows::<staking::msg::Params>(known::STAKING);
    knows::<settlement::msg::Params>(known::SETTLEMENT);
    knows::<disputes::msg::Params>(known::DISPUTES);
    knows::<datanets::msg::Params>(known::DATANETS);
    knows::<models::msg::Params>(known::MODELS);
    knows::<governance::msg::Params>(known::GOVERNANCE);
}

#[test]
fn every_contract_answers_its_params_and_owner_where_they_are_looked_for() {
    let has = |schema: RootSchema, names: &[&str]| {
        let found = fields(schema);
        assert!(names.iter().all(|name| found.contains(*name)), "{found:?}");
    };
    has(schema_for!(staking::msg::ConfigResponse), &["params", "ownership", "token"]);
    has(schema_for!(settlement::msg::ConfigResponse), &["params", "ownership"]);
    has(schema_for!(disputes::msg::ConfigResponse), &["params", "ownership"]);
    has(schema_for!(datanets::msg::ConfigResponse), &["params", "ownership"]);
    has(schema_for!(models::msg::ConfigResponse), &["params", "ownership"]);
    has(schema_for!(datanets::msg::DatanetResponse), &["ownership"]);
}

#[test]
fn what_is_sent_parses_as_their_messages() {
    const CONFIG: &str = r#"{"config":{}}"#;
    const PAUSE: &str = r#"{"pause":{"until":"5"}}"#;
    const UNPAUSE: &str = r#"{"unpause":{}}"#;
    const ACCEPT: &str = r#"{"accept_ownership":{}}"#;
    from_json::<staking::msg::QueryMsg>(CONFIG).unwrap();
    from_json::<settlement::msg::QueryMsg>(CONFIG).unwrap();
    from_json::<disputes::msg::QueryMsg>(CONFIG).unwrap();
    from_json::<datanets::msg::QueryMsg>(CONFIG).unwrap();
    from_json::<models::msg::QueryMsg>(CONFIG).unwrap();
    from_json::<datanets::msg::QueryMsg>(r#"{"datanet":{"datanet_id":"1"}}"#).unwrap();
    from_json::<staking::msg::ExecuteMsg>(ACCEPT).unwrap();
    from_json::<disputes::msg::ExecuteMsg>(ACCEPT).unwrap();
    from_json::<datanets::msg::ExecuteMsg>(r#"{"accept_datanet_ownership":{"datanet_id":"1"}}"#).unwrap();
    for message in [PAUSE, UNPAUSE, ACCEPT] {
        from_json::<settlement::msg::ExecuteMsg>(message).unwrap();
        from_json::<datanets::msg::ExecuteMsg>(message).unwrap();
        from_json::<models::msg::ExecuteMsg>(message).unwrap();
    }
}

#[test]
fn messages_about_a_datanet_exist_and_are_about_one() {
    let schema = serde_json::to_value(schema_for!(datanets::msg::ExecuteMsg)).unwrap();
    for name in known::DATANET_MESSAGES {
        let variants = schema["oneOf"].as_array().unwrap();
        let message = variants.iter().find_map(|variant| variant["properties"].get(name)).unwrap();
        assert!(message["properties"].get("datanet_id").is_some(), "{name}");
    }
}

//! Rows of `docs/audit.md` that no message's own file shows. Names begin with the row's id.

use cosmwasm_std::Uint64;
use shares::{
    msg::{ExecuteMsg, InstantiateMsg},
    ContractError,
};

use crate::chain::{amount, bare, bps, params, Chain};

/// An account in capitals is the same to the chain and another to a comparison of texts.
#[test]
fn input_addresses_in_capitals_are_refused_wherever_one_is_given() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    chain.back("alice", 50);
    let loud = || bare().account("bob").as_str().to_uppercase();
    let mint = ExecuteMsg::MintForContribution {
        recipient: loud(),
        amount: amount(1),
        identity_id: Uint64::one(),
        contribution_id: Uint64::new(2),
    };
    let messages = [
        ("alice", ExecuteMsg::Transfer { recipient: loud(), amount: amount(1) }),
        ("alice", ExecuteMsg::IncreaseAllowance { spender: loud(), amount: amount(1), expires: None }),
        ("datanets", mint),
        ("datanets", ExecuteMsg::SlashBacking { fraction: bps(100), recipient: Some(loud()) }),
        ("datanets", ExecuteMsg::SetCommonsPart { part: bps(100), account: loud() }),
    ];
    for (who, message) in messages {
        let error = chain.refused(who, &message);
        assert!(matches!(error, ContractError::Std(_) | ContractError::Cw20(_)), "{message:?}: {error}");
    }
    let right = chain.init(params());
    for wrong in [
        InstantiateMsg { token: right.token.to_uppercase(), ..right.clone() },
        InstantiateMsg { datanets: right.datanets.to_uppercase(), ..right.clone() },
    ] {
        assert!(matches!(chain.instantiate_as(&wrong), Err(ContractError::Std(_))));
    }
}

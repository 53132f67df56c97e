use cosmwasm_std::Uint64;
use staking::msg::{
    ConfigResponse, EpochSet, ExecuteMsg, QueryMsg, RewardsResponse, SolvencyResponse, UnbondingResponse,
    ValidatorResponse, ValidatorsResponse,
};

super::contract! {
    /// Validators and epoch sets.
    Staking, ExecuteMsg, QueryMsg:
    /// Token, owner and parameters.
    config() -> ConfigResponse = Config;
    /// One validator.
    validator(validator: String) -> ValidatorResponse = Validator;
    /// Registered validators by address.
    validators(start_after: Option<String>, limit: Option<u32>) -> ValidatorsResponse = Validators;
    /// One epoch set.
    set(set_id: Uint64) -> EpochSet = Set;
    /// The newest epoch set.
    latest_set() -> EpochSet = LatestSet;
    /// Open unbonding entries of a validator.
    unbonding(validator: String) -> UnbondingResponse = Unbonding;
    /// What a validator can claim now.
    rewards(validator: String) -> RewardsResponse = Rewards;
    /// What the contract owes against what it holds.
    solvency() -> SolvencyResponse = Solvency;
}

use cosmwasm_std::Uint64;
use staking::msg::{
    ConfigResponse, DelegationsResponse, EpochSet, ExecuteMsg, OperatorResponse, PowerResponse, QueryMsg,
    RewardsResponse, SolvencyResponse, UnbondingResponse, ValidatorResponse, ValidatorsResponse,
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
    /// Open unbonding entries of an account.
    unbonding(validator: String) -> UnbondingResponse = Unbonding;
    /// What an account can claim now.
    rewards(validator: String) -> RewardsResponse = Rewards;
    /// Delegations of an account, self-bond included.
    delegations(delegator: String) -> DelegationsResponse = Delegations;
    /// One node operator.
    operator(operator: String) -> OperatorResponse = Operator;
    /// An account's bonded tokens at the start of a block.
    power_at(account: String, height: Option<Uint64>) -> PowerResponse = PowerAt;
    /// All bonded tokens at the start of a block.
    total_power_at(height: Option<Uint64>) -> PowerResponse = TotalPowerAt;
    /// What the contract owes against what it holds.
    solvency() -> SolvencyResponse = Solvency;
}

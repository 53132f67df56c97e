use cosmwasm_std::Uint64;
use settlement::msg::{
    BatchResponse, BatchStatus, BatchesResponse, ClaimedResponse, ConfigResponse, EpochResponse, ExecuteMsg,
    MaybeEpochResponse, NodeResponse, QueryMsg, RoundResponse, SessionResponse, SessionsResponse, SolvencyResponse,
};

super::contract! {
    /// Sessions, batches, epochs and claims.
    Settlement, ExecuteMsg, QueryMsg:
    /// Addresses, parameters and pause.
    config() -> ConfigResponse = Config;
    /// One session.
    session(session_id: Uint64) -> SessionResponse = Session;
    /// Sessions of one owner by ascending id.
    sessions(owner: String, start_after: Option<Uint64>, limit: Option<u32>) -> SessionsResponse = Sessions;
    /// One batch with its charges.
    batch(batch_id: Uint64) -> BatchResponse = Batch;
    /// Batches of one status by ascending id.
    batches(status: BatchStatus, start_after: Option<Uint64>, limit: Option<u32>) -> BatchesResponse = Batches;
    /// One epoch.
    epoch(epoch: Uint64) -> EpochResponse = Epoch;
    /// The newest epoch.
    latest_epoch() -> MaybeEpochResponse = LatestEpoch;
    /// The epoch that claims are checked against now.
    claimable_epoch() -> MaybeEpochResponse = ClaimableEpoch;
    /// Which epoch and round the next statement must be for.
    round() -> RoundResponse = Round;
    /// What a payee has been paid so far.
    claimed(payee: String) -> ClaimedResponse = Claimed;
    /// What the contract owes against what it holds.
    solvency() -> SolvencyResponse = Solvency;
    /// A node's last batch.
    node(address: String) -> NodeResponse = Node;
}

use cosmwasm_std::Uint64;
use disputes::msg::{
    CaseResponse, CasesResponse, ConfigResponse, DisputeResponse, DisputesResponse, ExecuteMsg, QueryMsg,
    SolvencyResponse,
};

super::contract! {
    /// Fraud proofs, bonded disputes and cases.
    Disputes, ExecuteMsg, QueryMsg:
    /// Addresses, owner and parameters.
    config() -> ConfigResponse = Config;
    /// One case.
    case(case_id: Uint64) -> CaseResponse = Case;
    /// Cases by ascending id.
    cases(start_after: Option<Uint64>, limit: Option<u32>) -> CasesResponse = Cases;
    /// One dispute.
    dispute(dispute_id: Uint64) -> DisputeResponse = Dispute;
    /// Disputes by ascending id.
    disputes(start_after: Option<Uint64>, limit: Option<u32>) -> DisputesResponse = Disputes;
    /// What the contract owes against what it holds.
    solvency() -> SolvencyResponse = Solvency;
}

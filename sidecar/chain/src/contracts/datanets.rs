use cosmwasm_std::Uint64;
use datanets::msg::{
    ClustersResponse, ConfigResponse, Contribution, ContributionsResponse, DatanetPowerResponse, DatanetResponse,
    DatanetsResponse, DraftResponse, ErasuresResponse, ExecuteMsg, IdentityResponse, MemberResponse, MembersResponse,
    QueryMsg, SolvencyResponse, StatusFilter, Version,
};

super::contract! {
    /// Datanets, members, contributions and versions.
    Datanets, ExecuteMsg, QueryMsg:
    /// Owner, parameters and pause.
    config() -> ConfigResponse = Config;
    /// One Datanet.
    datanet(datanet_id: Uint64) -> DatanetResponse = Datanet;
    /// Datanets by ascending id.
    datanets(start_after: Option<Uint64>, limit: Option<u32>) -> DatanetsResponse = Datanets;
    /// One contributor's identity.
    identity(identity_id: Uint64) -> IdentityResponse = Identity;
    /// One account's standing in a Datanet.
    member(datanet_id: Uint64, account: String) -> MemberResponse = Member;
    /// Members and applicants by address.
    members(datanet_id: Uint64, start_after: Option<String>, limit: Option<u32>) -> MembersResponse = Members;
    /// One contribution.
    contribution(datanet_id: Uint64, contribution_id: Uint64) -> Contribution = Contribution;
    /// Contributions by ascending id.
    contributions(
        datanet_id: Uint64,
        status: Option<StatusFilter>,
        start_after: Option<Uint64>,
        limit: Option<u32>
    ) -> ContributionsResponse = Contributions;
    /// What would be published now.
    draft(datanet_id: Uint64) -> DraftResponse = Draft;
    /// One published version.
    version(datanet_id: Uint64, version: u32) -> Version = Version;
    /// All clusters of a published version, by index.
    clusters(datanet_id: Uint64, version: u32) -> ClustersResponse = Clusters;
    /// The identity that an account controls.
    identity_of(account: String) -> Option<IdentityResponse> = IdentityOf;
    /// An account's power in a Datanet at the start of a height.
    power_at(datanet_id: Uint64, account: String, height: Option<Uint64>) -> DatanetPowerResponse = DatanetPowerAt;
    /// Rows that have to be erased or were.
    erasures(datanet_id: Uint64, start_after: Option<Uint64>, limit: Option<u32>) -> ErasuresResponse = Erasures;
    /// What the contract owes against what it holds.
    solvency() -> SolvencyResponse = Solvency;
}

//! What wallets, the Datanets contract and other contracts send to and read from the shares of a Datanet.
//!
//! The cw20 messages and queries are those of the standard, to the letter. Amounts are strings: shares in their smallest
//! unit (a whole share is 1,000,000 of them), OPEN in `uopen`. Ids and times are strings of integers (seconds since 1970).

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Binary, Uint128, Uint64};
use cw20::{Cw20ReceiveMsg, Expiration, Logo};
// Named by the schema only.
#[cfg(not(target_arch = "wasm32"))]
use cw20::{
    AllAccountsResponse, AllAllowancesResponse, AllSpenderAllowancesResponse, AllowanceResponse, BalanceResponse,
    DownloadLogoResponse, MarketingInfoResponse, MinterResponse, TokenInfoResponse,
};
pub use openledger_contract_kit::{Bps, Text};

/// Decimal places, fixed.
pub const DECIMALS: u8 = 6;
/// Smallest units in a whole share.
pub const ONE_SHARE: Uint128 = Uint128::new(1_000_000);

/// Creates the shares of one Datanet.
#[cw_serde]
pub struct InstantiateMsg {
    /// The Datanets contract: the only account that may mint for contributions, slash backing and set the commons' part.
    pub datanets: String,
    /// Which Datanet these shares belong to.
    pub datanet_id: Uint64,
    /// The cw20 token that is staked and paid out (OPEN).
    pub token: String,
    /// Name of the shares; 3 to 50 bytes.
    pub name: Text<50>,
    /// Symbol of the shares; 3 to 12 letters or dashes.
    pub symbol: Text<12>,
    /// May set project, description and logo, which wallets show. Nobody if absent.
    pub marketing: Option<String>,
    /// Price, caps and windows.
    pub params: Params,
}

/// Price, caps and windows. Every limit is checked by [`Params::validate`](crate::params). Neither the Datanet nor its owner
/// can change them after the issue; only the chain's governance can.
#[cw_serde]
pub struct Params {
    /// Price of a whole share for backers, in `uopen`; 1 to 10^15. It is staked, not spent.
    pub price: Uint128,
    /// Most shares issued against backing at one time, in smallest units; up to 10^24.
    pub max_backed_shares: Uint128,
    /// Most shares ever issued for contributions, in smallest units; up to 10^24.
    pub max_contribution_shares: Uint128,
    /// Most shares issued for contributions in one day (UTC), in smallest units; at least 1.
    pub max_contribution_shares_per_day: Uint128,
    /// Seconds that backing stays at stake after `unback`; 1 to 2,592,000 (30 days). It ends with a day (UTC).
    pub unback_seconds: Uint64,
    /// Seconds over which income is released to holders; 1 to 2,592,000 (30 days). Whoever backs just before a payment
    /// earns only for the time that it stays.
    pub income_seconds: Uint64,
    /// Length of a period of the income statistics in seconds; 3,600 (an hour) to 2,678,400 (31 days).
    pub period_seconds: Uint64,
    /// Most that one slash may take; 1 to 10,000 basis points.
    pub max_slash: Bps,
    /// Most of the Datanet's income that may go to the commons account instead of holders; 0 to 10,000 basis points.
    pub max_commons_part: Bps,
}

/// Everything that changes state. Who may send what: [`crate::permissions`].
#[cw_serde]
pub enum ExecuteMsg {
    /// cw20: pays shares of the sender.
    Transfer {
        /// Who receives them.
        recipient: String,
        /// In smallest units.
        amount: Uint128,
    },
    /// cw20: destroys shares of the sender. Gives no backing free; that is `unback`.
    Burn {
        /// In smallest units.
        amount: Uint128,
    },
    /// cw20: pays shares of the sender to a contract and calls its `receive`.
    Send {
        /// Who receives them.
        contract: String,
        /// In smallest units.
        amount: Uint128,
        /// Message for the contract.
        msg: Binary,
    },
    /// cw20: allows another account to use more of the sender's shares.
    IncreaseAllowance {
        /// Who may use them.
        spender: String,
        /// In smallest units.
        amount: Uint128,
        /// When the allowance ends.
        expires: Option<Expiration>,
    },
    /// cw20: takes an allowance back.
    DecreaseAllowance {
        /// Whose allowance.
        spender: String,
        /// In smallest units.
        amount: Uint128,
        /// When the allowance ends.
        expires: Option<Expiration>,
    },
    /// cw20: pays shares of an account that allowed it.
    TransferFrom {
        /// Whose shares.
        owner: String,
        /// Who receives them.
        recipient: String,
        /// In smallest units.
        amount: Uint128,
    },
    /// cw20: pays shares of an account that allowed it to a contract and calls its `receive`.
    SendFrom {
        /// Whose shares.
        owner: String,
        /// Who receives them.
        contract: String,
        /// In smallest units.
        amount: Uint128,
        /// Message for the contract.
        msg: Binary,
    },
    /// cw20: destroys shares of an account that allowed it.
    BurnFrom {
        /// Whose shares.
        owner: String,
        /// In smallest units.
        amount: Uint128,
    },
    /// cw20: changes what wallets show.
    UpdateMarketing {
        /// Home page; at most 256 bytes.
        project: Option<String>,
        /// At most 1,024 bytes.
        description: Option<String>,
        /// Who may change it next.
        marketing: Option<String>,
    },
    /// cw20: changes the logo that wallets show; an address of at most 256 bytes, or a picture of at most 5 KiB.
    UploadLogo(Logo),

    /// Stakes OPEN on the Datanet by an allowance that the sender gave to this contract, and receives new shares.
    Back {
        /// In `uopen`; not zero.
        amount: Uint128,
        /// Refused when fewer shares than this would come out.
        min_shares: Option<Uint128>,
    },
    /// Burns shares of the sender and begins to release its backing in the same proportion.
    Unback {
        /// How many of the shares that the sender received for backing it gives back, in smallest units.
        shares: Uint128,
    },
    /// Receives released backing whose time is over.
    WithdrawBacking {},
    /// Adds income for holders by an allowance that the sender gave to this contract.
    FundIncome {
        /// In `uopen`; not zero.
        amount: Uint128,
    },
    /// Receives the sender's income.
    ClaimIncome {},
    /// A cw20 `send` of OPEN; the hook message is a [`ReceiveMsg`].
    Receive(Cw20ReceiveMsg),
    /// Issues shares for an accepted contribution, once.
    MintForContribution {
        /// Who receives them: what the identity is paid at.
        recipient: String,
        /// In smallest units; not zero.
        amount: Uint128,
        /// Identity that contributed.
        identity_id: Uint64,
        /// Which contribution; each mints once.
        contribution_id: Uint64,
    },
    /// Takes a fraction of all backing, that which is being released included, for proven poison.
    SlashBacking {
        /// At most `max_slash`.
        fraction: Bps,
        /// Who receives it as restitution; it burns when absent.
        recipient: Option<String>,
    },
    /// Sets which part of the Datanet's income goes to its commons account from now on.
    SetCommonsPart {
        /// At most `max_commons_part`.
        part: Bps,
        /// The commons account.
        account: String,
    },
}

/// Hook messages of a cw20 `send` of OPEN to this contract.
#[cw_serde]
pub enum ReceiveMsg {
    /// Stakes the sent tokens on the Datanet; the sender receives new shares.
    Back {
        /// Refused when fewer shares than this would come out.
        min_shares: Option<Uint128>,
    },
    /// Adds the sent tokens to the income of holders. What the Datanets contract sends is divided with the commons account.
    FundIncome {},
}

/// For the chain's own governance.
#[cw_serde]
pub enum SudoMsg {
    /// Replaces the parameters. Released backing keeps its times, and income on its way too.
    UpdateParams {
        /// All of them.
        params: Params,
    },
}

/// Moves the contract to newer code.
#[cw_serde]
pub struct MigrateMsg {}

/// Everything that can be read.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// cw20: shares of an account.
    #[returns(BalanceResponse)]
    Balance {
        /// Whose.
        address: String,
    },
    /// cw20: name, symbol, decimals and supply.
    #[returns(TokenInfoResponse)]
    TokenInfo {},
    /// cw20: this contract itself, which mints by its own rules, and the cap of the supply.
    #[returns(MinterResponse)]
    Minter {},
    /// cw20: what a spender may use.
    #[returns(AllowanceResponse)]
    Allowance {
        /// Whose shares.
        owner: String,
        /// Who may use them.
        spender: String,
    },
    /// cw20: allowances that an account gave.
    #[returns(AllAllowancesResponse)]
    AllAllowances {
        /// Whose shares.
        owner: String,
        /// Spender to start after.
        start_after: Option<String>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// cw20: allowances that an account received.
    #[returns(AllSpenderAllowancesResponse)]
    AllSpenderAllowances {
        /// Who may use them.
        spender: String,
        /// Owner to start after.
        start_after: Option<String>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// cw20: accounts that hold or held shares.
    #[returns(AllAccountsResponse)]
    AllAccounts {
        /// Account to start after.
        start_after: Option<String>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// cw20: what wallets show.
    #[returns(MarketingInfoResponse)]
    MarketingInfo {},
    /// cw20: the picture, if it is on chain.
    #[returns(DownloadLogoResponse)]
    DownloadLogo {},

    /// Links, the commons' part and parameters.
    #[returns(ConfigResponse)]
    Config {},
    /// Income of the last periods and of the whole life.
    #[returns(IncomeResponse)]
    Income {},
    /// What an account can claim now.
    #[returns(ClaimableResponse)]
    Claimable {
        /// Whose.
        account: String,
    },
    /// What an account has staked, and what is on its way back to it.
    #[returns(BackingResponse)]
    Backing {
        /// Whose.
        account: String,
        /// Only entries that end after this time; for accounts with more than one page.
        start_after: Option<Uint64>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// How many shares were issued for what, and how many more can be.
    #[returns(IssuanceResponse)]
    Issuance {},
    /// What a contribution brought.
    #[returns(MintedResponse)]
    Minted {
        /// Which.
        contribution_id: Uint64,
    },
    /// What the contract owes against what it holds.
    #[returns(SolvencyResponse)]
    Solvency {},
}

/// Where the commons' part goes.
#[cw_serde]
pub struct CommonsPart {
    /// Part of the Datanet's income.
    pub part: Bps,
    /// Who receives it.
    pub account: Addr,
}

/// Answer of `config`.
#[cw_serde]
pub struct ConfigResponse {
    /// The Datanets contract.
    pub datanets: Addr,
    /// Which Datanet.
    pub datanet_id: Uint64,
    /// OPEN.
    pub token: Addr,
    /// Absent until it is set; then holders get everything.
    pub commons: Option<CommonsPart>,
    /// Price, caps and windows.
    pub params: Params,
}

/// Income of one period.
#[cw_serde]
pub struct PeriodIncome {
    /// First second of the period.
    pub start: Uint64,
    /// What arrived for holders, in `uopen`.
    pub received: Uint128,
    /// The same for a million whole shares, by the supply at each arrival, in `uopen`, rounded down.
    pub per_million_shares: Uint128,
}

/// Answer of `income`.
#[cw_serde]
pub struct IncomeResponse {
    /// Everything that ever arrived for holders, in `uopen`.
    pub lifetime_received: Uint128,
    /// Everything that holders ever claimed, in `uopen`.
    pub lifetime_claimed: Uint128,
    /// Arrived but not released yet, in `uopen`.
    pub streaming: Uint128,
    /// Second at which all of that will be released if nothing more arrives; absent when nothing is on its way or nobody holds
    /// shares.
    pub streams_until: Option<Uint64>,
    /// Length of a period in seconds.
    pub period_seconds: Uint64,
    /// The last 12 periods, the running one first, those without income included.
    pub periods: Vec<PeriodIncome>,
    /// Sum of the periods, in `uopen`.
    pub trailing_received: Uint128,
    /// Sum of the periods for a million whole shares, in `uopen`.
    pub trailing_per_million_shares: Uint128,
    /// The same in parts per million of the backing price, rounded down.
    pub trailing_yield_ppm: Uint128,
}

/// Answer of `claimable`.
#[cw_serde]
pub struct ClaimableResponse {
    /// In `uopen`.
    pub claimable: Uint128,
}

/// Answer of `backing`.
#[cw_serde]
pub struct BackingResponse {
    /// What the stake is worth now, in `uopen`.
    pub staked: Uint128,
    /// Shares that the account must burn to get all of it back.
    pub shares: Uint128,
    /// On its way back, soonest first.
    pub unbacking: Vec<UnbackingResponse>,
}

/// Backing that is being released.
#[cw_serde]
pub struct UnbackingResponse {
    /// What it is worth now, in `uopen`.
    pub amount: Uint128,
    /// First second of `withdraw_backing`; until then it can be slashed.
    pub ends_at: Uint64,
}

/// Answer of `issuance`.
#[cw_serde]
pub struct IssuanceResponse {
    /// Shares issued for contributions, burned ones included.
    pub for_contributions: Uint128,
    /// Shares issued against backing and not given back.
    pub for_backing: Uint128,
    /// What can be minted for contributions now: the lesser of what the day and the total leave.
    pub contributions_left: Uint128,
    /// What can be issued against backing now.
    pub backing_left: Uint128,
}

/// Answer of `minted`.
#[cw_serde]
pub struct MintedResponse {
    /// Shares; zero when the contribution has not minted.
    pub amount: Uint128,
}

/// Answer of `solvency`. `backing + unbacking + income` is never above `held`.
#[cw_serde]
pub struct SolvencyResponse {
    /// Staked by backers.
    pub backing: Uint128,
    /// On its way back to backers.
    pub unbacking: Uint128,
    /// Income received and not claimed, that which is not released yet included.
    pub income: Uint128,
    /// Part of `income` that waits for a first holder.
    pub orphaned: Uint128,
    /// OPEN on the contract's account.
    pub held: Uint128,
    /// Whether `held` covers the three.
    pub solvent: bool,
}

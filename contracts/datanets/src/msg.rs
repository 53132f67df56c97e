//! What wallets, sidecars and other contracts send to and read from the Datanets contract.
//!
//! Ids and times are strings of integers (times in seconds since 1970), digests are 64 lower-case hex digits.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
pub use openledger_contract_kit::{ownership::Ownership, Bps, Digest, Text};

pub use crate::{answers::*, questions::QueryMsg};

/// A Datanet's name, shown in lists.
pub type Name = Text<64>;
/// What a Datanet is about.
pub type Description = Text<512>;
/// SPDX licence expression, for example `CC-BY-4.0` or `MIT OR Apache-2.0`.
pub type Licence = Text<64>;
/// IANA media type of the rows, for example `application/vnd.apache.parquet`.
pub type MediaType = Text<64>;

/// Creates the contract.
#[cw_serde]
pub struct InstantiateMsg {
    /// May change parameters and pause; handed over in two steps. Has no power over any Datanet.
    pub owner: String,
    /// The cw20 token that deposits and income are in (OPEN).
    pub token: String,
    /// Code of the shares contract that Datanets may issue; absent: none can.
    pub shares_code_id: Option<Uint64>,
    /// Bounds and windows.
    pub params: Params,
}

/// Bounds and windows. Limits of each are in [`crate::params`].
#[cw_serde]
pub struct Params {
    /// Longest pause, in seconds; at most 1,209,600 (14 days). Zero means that nobody can pause.
    pub max_pause_seconds: Uint64,
    /// Clusters (accepted contributions) that a Datanet may have; 1 to 256.
    pub max_clusters: u32,
    /// Rows that one contribution may have; at least 1.
    pub max_rows: u32,
    /// Undecided contributions that one member may have in one Datanet; 1 to 64.
    pub max_pending: u32,
    /// Seconds between `set_payout` and the change; at most 2,592,000 (30 days).
    pub payout_delay_seconds: Uint64,
    /// Seconds between the guardians' agreement and the hand-over of an identity; 1 to 2,592,000 (30 days).
    pub recovery_delay_seconds: Uint64,
    /// What offering rows costs until they are decided on, in `uopen`; up to 10^15, zero for nothing. It comes back, or goes to
    /// the reviewer who finds spam.
    pub contribution_deposit: Uint128,
    /// What a Datanet holds as its bond until its owner retires it, in `uopen`; up to 10^15, zero for nothing.
    pub datanet_bond: Uint128,
    /// Seconds in which a commitment can be opened; 1 to 2,592,000 (30 days).
    pub commit_lifetime_seconds: Uint64,
    /// Seconds in which withdrawn rows have to be erased; at most 31,536,000 (365 days).
    pub sunset_seconds: Uint64,
}

/// Everything that changes state. Who may send what: [`crate::permissions`].
#[cw_serde]
pub enum ExecuteMsg {
    /// Creates a Datanet. The sender becomes its owner and first member. Licence and commons never change. Takes
    /// `datanet_bond` by an allowance that the sender gave to this contract.
    Create {
        /// 1 to 64 bytes.
        name: Name,
        /// 1 to 512 bytes.
        description: Description,
        /// SPDX expression that every contribution is under.
        licence: Licence,
        /// Account that receives the shares that no contribution explains.
        commons: String,
        /// Who may join.
        membership: Membership,
        /// Whether rows can only be offered after a commitment to them; absent: no.
        commit_reveal: Option<bool>,
        /// Contributions are decided on by drawn reviewers, on these terms; absent: by owner and curators.
        review: Option<ReviewTerms>,
    },
    /// Becomes a member, or asks to become one where membership needs approval.
    Join {
        /// Which Datanet.
        datanet_id: Uint64,
    },
    /// Lets an account join without approval.
    Invite {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Whom.
        member: String,
    },
    /// Makes an applicant a member.
    ApproveMember {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Who asked.
        member: String,
    },
    /// Commits to rows without showing them. Whoever opens it later counts as first from this message on.
    Commit {
        /// Which Datanet.
        datanet_id: Uint64,
        /// See [`crate::commitment`].
        commitment: Digest,
    },
    /// Offers rows. They stay with their contributor; the chain holds their commitment. Takes `contribution_deposit` by an
    /// allowance that the sender gave to this contract.
    Contribute {
        /// Which Datanet.
        datanet_id: Uint64,
        /// RFC 6962 root over the digests of the rows, in order. Only one living contribution may have it.
        rows_root: Digest,
        /// Number of rows.
        rows: u32,
        /// Media type of the file with the rows.
        media_type: MediaType,
        /// SHA-256 of the manifest that describes source, author and form of the rows.
        manifest: Digest,
        /// Opens the sender's commitment, made in an earlier block; needed where the Datanet asks for commitments.
        salt: Option<Digest>,
    },
    /// Takes back a contribution. One that is not decided yet, and that no drawn reviewer voted on, is gone at once, with its deposit. An accepted one is out of later
    /// versions at once; until `sunset_seconds` are over, whoever holds its rows or serves what was trained on them must have
    /// erased them. The same rows may be offered again.
    RequestWithdrawal(Which),
    /// Takes a pending contribution in, as the Datanet's next cluster.
    Accept {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which contribution.
        contribution_id: Uint64,
    },
    /// Turns a pending contribution down. The same rows may be offered again.
    Reject {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which contribution.
        contribution_id: Uint64,
        /// Why.
        reason: Reason,
    },
    /// Says that the rows of a withdrawn contribution are erased.
    ConfirmErasure {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which contribution.
        contribution_id: Uint64,
        /// SHA-256 of the record of the erasure: what was erased where, which adapters are retired.
        evidence: Digest,
    },
    /// Two accepted contributions are near-duplicates and not published yet: both are credited to whoever was first.
    MergeClusters {
        /// Which Datanet.
        datanet_id: Uint64,
        /// A cluster's index.
        first: u32,
        /// Another's.
        second: u32,
    },
    /// Fixes all clusters accepted so far as the next version.
    PublishVersion {
        /// Which Datanet.
        datanet_id: Uint64,
        /// RFC 6962 root over the clusters' rows roots, in cluster order. The contract computes its own and compares.
        content_root: Digest,
    },
    /// Becomes a reviewer who can be drawn. Takes the terms' bond by an allowance that the sender gave to this contract.
    BondReviewer(InDatanet),
    /// Ceases to be one, and gets the bond back. Not while a review that the sender was drawn for is open.
    UnbondReviewer(InDatanet),
    /// A drawn reviewer's vote. It is public and final.
    Vote {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which contribution.
        contribution_id: Uint64,
        /// Take it in or not.
        ballot: Ballot,
    },
    /// Asks other reviewers, once. Against a rejection only the contributor can, against an acceptance every member. Takes the
    /// terms' deposit by an allowance that the sender gave to this contract.
    Appeal(Which),
    /// Takes the next step of a review whose time is over. Anybody may send it.
    FinishReview(Which),
    /// Issues the Datanet's shares, once. From then on its income goes to their holders, and accepted rows bring shares.
    IssueShares {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Name of the shares; 3 to 50 bytes.
        name: Text<50>,
        /// Symbol of the shares; 3 to 12 letters or dashes.
        symbol: Text<12>,
        /// What an accepted row brings its contributor, in smallest units, as far as the caps leave room.
        per_row: Uint128,
        /// Price, caps and windows; fixed from then on.
        terms: SharesTerms,
    },
    /// Sets which part of the Datanet's income goes to its commons account instead of holders, within their terms.
    SetCommonsPart {
        /// Which Datanet.
        datanet_id: Uint64,
        /// In basis points.
        part: Bps,
    },
    /// Takes an accepted contribution that was proven to be poison out of later versions and slashes those who back the Datanet.
    ProvePoison {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Which contribution.
        contribution_id: Uint64,
        /// SHA-256 of the proof, which everybody can check off chain.
        evidence: Digest,
        /// Part of the backing; at most the terms' `max_slash`. Zero slashes nothing.
        fraction: Bps,
        /// Who receives it as restitution; it burns when absent.
        recipient: Option<String>,
    },
    /// Ends a Datanet without undecided contributions: nobody joins or contributes any more, what was accepted stays, and the
    /// bond goes back to the owner.
    RetireDatanet {
        /// Which Datanet.
        datanet_id: Uint64,
    },
    /// Proposes the Datanet's next owner and replaces an earlier proposal.
    ProposeDatanetOwner {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Who may accept.
        account: String,
        /// First second at which it can no longer be accepted; at most 30 days ahead.
        expires_at: Uint64,
    },
    /// Becomes the Datanet's owner.
    AcceptDatanetOwnership {
        /// Which Datanet.
        datanet_id: Uint64,
    },
    /// Proposes a curator. A Datanet has at most 8, proposals included.
    ProposeCurator {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Who may accept.
        account: String,
        /// First second at which it can no longer be accepted; at most 30 days ahead.
        expires_at: Uint64,
    },
    /// Becomes a curator of the Datanet.
    AcceptCuratorship {
        /// Which Datanet.
        datanet_id: Uint64,
    },
    /// Removes a curator or withdraws a proposal. A curator may remove itself.
    RemoveCurator {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Curator or proposed curator.
        account: String,
    },
    /// Makes the sender the controller of a new identity, which is what contributions are credited to. Whoever creates,
    /// joins or contributes without one gets one, paid at its own account and without guardians.
    CreateIdentity {
        /// Where its income goes; the sender if absent.
        payout: Option<String>,
        /// Accounts that can hand the identity to another controller together; at most 5.
        guardians: Vec<String>,
        /// How many of them it takes; 0 without guardians.
        threshold: u32,
    },
    /// Sends the income of the sender's identity elsewhere, `payout_delay_seconds` from now. Replaces an earlier order.
    SetPayout {
        /// Where it goes.
        account: String,
    },
    /// Withdraws the order of `set_payout` before its time.
    CancelPayout {},
    /// Replaces the guardians of the sender's identity and drops what they agreed on.
    SetGuardians {
        /// At most 5, without the sender.
        guardians: Vec<String>,
        /// How many of them a recovery takes; 0 without guardians.
        threshold: u32,
    },
    /// A guardian wants an account to become the identity's controller. Replaces its earlier wish.
    ApproveRecovery {
        /// Which identity.
        identity_id: Uint64,
        /// Who should control it; must not control another.
        controller: String,
    },
    /// The controller is there after all: drops what its guardians agreed on.
    VetoRecovery {},
    /// Hands an identity over when enough guardians agreed and the time is over. Anybody may send it.
    FinishRecovery {
        /// Which identity.
        identity_id: Uint64,
    },
    /// A cw20 `send` of OPEN; the hook message is a [`ReceiveMsg`].
    Receive(Cw20ReceiveMsg),
    /// Names the settlement contract, whose payments count as income from use. Once.
    SetSettlement {
        /// Its address.
        settlement: String,
    },
    /// Replaces the contract's parameters.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Stops what the permission table marks as pausable.
    Pause {
        /// First second after the pause; at most `max_pause_seconds` ahead.
        until: Uint64,
    },
    /// Ends the pause now.
    Unpause {},
    /// Proposes the contract's next owner and replaces an earlier proposal.
    ProposeOwner {
        /// Who may accept.
        account: String,
        /// First second at which it can no longer be accepted; at most 30 days ahead.
        expires_at: Uint64,
    },
    /// Becomes the contract's owner.
    AcceptOwnership {},
}

/// A contribution.
#[cw_serde]
pub struct Which {
    /// Which Datanet.
    pub datanet_id: Uint64,
    /// Which contribution.
    pub contribution_id: Uint64,
}

/// A Datanet.
#[cw_serde]
pub struct InDatanet {
    /// Which Datanet.
    pub datanet_id: Uint64,
}

/// Hook messages of a cw20 `send` of OPEN to this contract.
#[cw_serde]
pub enum ReceiveMsg {
    /// Income of a Datanet, from anybody: goes on to the holders of its shares, or to its commons account when it has none.
    DatanetIncome {
        /// Which Datanet.
        datanet_id: Uint64,
    },
}

/// For the chain's own governance: the emergency subset and parameters.
#[cw_serde]
pub enum SudoMsg {
    /// Replaces the contract's parameters.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Stops what the permission table marks as pausable.
    Pause {
        /// First second after the pause; at most `max_pause_seconds` ahead.
        until: Uint64,
    },
    /// Ends the pause now.
    Unpause {},
}

/// Migrates from an older version.
#[cw_serde]
pub struct MigrateMsg {}

/// Who may join a Datanet.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Membership {
    /// Everybody, at once.
    Open,
    /// Whom the owner or a curator approves.
    Approval,
    /// Only whom the owner or a curator invited.
    Invitation,
}

/// Why a contribution was turned down.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Reason {
    /// The rows are in the Datanet already.
    Duplicate,
    /// The contributor may not give the rows under the Datanet's licence.
    Licence,
    /// The rows are wrong or of little use.
    Quality,
    /// The rows are about something else.
    OffTopic,
    /// The rows hold personal data.
    PersonalData,
    /// The file does not match its commitment or cannot be read.
    Malformed,
    /// Not a serious offer; the deposit goes to the reviewer.
    Spam,
    /// The drawn reviewers did not agree in time, or there is no room for another cluster.
    Undecided,
}

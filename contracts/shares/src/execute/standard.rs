//! The cw20 standard. cw20-base acts; before every change of a balance both accounts' income is booked.

use cosmwasm_std::{Addr, Api, DepsMut, Env, MessageInfo, Response};
use cw20::{Cw20ExecuteMsg, Logo};

use crate::{error::ContractError, income, msg::ExecuteMsg};

const MAX_ADDRESS: usize = 256;
const MAX_DESCRIPTION: usize = 1_024;

/// Books income and hands the message to cw20-base.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    let Standard { message, from, to } = standard(deps.api, &info, msg)?;
    if to.as_ref().is_some_and(|to| *to == env.contract.address) {
        return Err(ContractError::ToItself);
    }
    let accounts: Vec<&Addr> = from.iter().chain(to.iter()).collect();
    if !accounts.is_empty() {
        income::touch(deps.storage, env.block.time, &accounts)?;
    }
    Ok(cw20_base::contract::execute(deps, env, info, message)?)
}

/// A message of the standard and the accounts whose balances it changes.
struct Standard {
    message: Cw20ExecuteMsg,
    from: Option<Addr>,
    to: Option<Addr>,
}

fn standard(api: &dyn Api, info: &MessageInfo, msg: ExecuteMsg) -> Result<Standard, ContractError> {
    let valid = |address: &str| api.addr_validate(address).map(Some);
    let own = Some(info.sender.clone());
    let (from, to, message) = match msg {
        ExecuteMsg::Transfer { recipient, amount } => {
            (own, valid(&recipient)?, Cw20ExecuteMsg::Transfer { recipient, amount })
        }
        ExecuteMsg::Burn { amount } => (own, None, Cw20ExecuteMsg::Burn { amount }),
        ExecuteMsg::Send { contract, amount, msg } => {
            (own, valid(&contract)?, Cw20ExecuteMsg::Send { contract, amount, msg })
        }
        ExecuteMsg::IncreaseAllowance { spender, amount, expires } => {
            (None, None, Cw20ExecuteMsg::IncreaseAllowance { spender, amount, expires })
        }
        ExecuteMsg::DecreaseAllowance { spender, amount, expires } => {
            (None, None, Cw20ExecuteMsg::DecreaseAllowance { spender, amount, expires })
        }
        ExecuteMsg::TransferFrom { owner, recipient, amount } => {
            (valid(&owner)?, valid(&recipient)?, Cw20ExecuteMsg::TransferFrom { owner, recipient, amount })
        }
        ExecuteMsg::SendFrom { owner, contract, amount, msg } => {
            (valid(&owner)?, valid(&contract)?, Cw20ExecuteMsg::SendFrom { owner, contract, amount, msg })
        }
        ExecuteMsg::BurnFrom { owner, amount } => (valid(&owner)?, None, Cw20ExecuteMsg::BurnFrom { owner, amount }),
        ExecuteMsg::UpdateMarketing { project, description, marketing } => {
            bounded("project", project.as_deref(), MAX_ADDRESS)?;
            bounded("description", description.as_deref(), MAX_DESCRIPTION)?;
            (None, None, Cw20ExecuteMsg::UpdateMarketing { project, description, marketing })
        }
        ExecuteMsg::UploadLogo(logo) => {
            if let Logo::Url(url) = &logo {
                bounded("logo", Some(url), MAX_ADDRESS)?;
            }
            (None, None, Cw20ExecuteMsg::UploadLogo(logo))
        }
        // `dispatch` runs every other message itself. A variant added without its row there does not compile here.
        ExecuteMsg::Back { .. }
        | ExecuteMsg::Unback { .. }
        | ExecuteMsg::WithdrawBacking {}
        | ExecuteMsg::FundIncome { .. }
        | ExecuteMsg::ClaimIncome {}
        | ExecuteMsg::Receive(_)
        | ExecuteMsg::MintForContribution { .. }
        | ExecuteMsg::SlashBacking { .. }
        | ExecuteMsg::SetCommonsPart { .. } => return Err(ContractError::NotStandard),
    };
    Ok(Standard { message, from, to })
}

fn bounded(field: &'static str, text: Option<&str>, max: usize) -> Result<(), ContractError> {
    match text.map(str::len).filter(|found| *found > max) {
        Some(found) => Err(ContractError::TooLong { field, found, max }),
        None => Ok(()),
    }
}

//! Questions about native balances. Nothing vests here, so every balance is spendable.

use cosmwasm_std::{BankQuery, QueryRequest, SupplyResponse};
use openledger_cosmos_api::cosmos::{
    bank::v1beta1::{
        QueryAllBalancesRequest, QueryAllBalancesResponse, QueryBalanceRequest, QueryBalanceResponse,
        QuerySpendableBalanceByDenomRequest, QuerySpendableBalanceByDenomResponse, QuerySpendableBalancesRequest,
        QuerySpendableBalancesResponse, QuerySupplyOfRequest, QuerySupplyOfResponse,
    },
    base::{query::v1beta1::PageResponse, v1beta1::Coin},
};

use super::{put, read};
use crate::chain::{Chain, accounts, fault::Fault};

pub(super) fn answer(chain: &Chain, method: &str, data: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    match method {
        "Balance" => {
            let request: QueryBalanceRequest = read(data)?;
            put(&QueryBalanceResponse { balance: Some(one(chain, &request.address, request.denom)?) })
        }
        "SpendableBalanceByDenom" => {
            let request: QuerySpendableBalanceByDenomRequest = read(data)?;
            put(&QuerySpendableBalanceByDenomResponse { balance: Some(one(chain, &request.address, request.denom)?) })
        }
        "AllBalances" => {
            let request: QueryAllBalancesRequest = read(data)?;
            let (balances, pagination) = all(chain, &request.address)?;
            put(&QueryAllBalancesResponse { balances, pagination })
        }
        "SpendableBalances" => {
            let request: QuerySpendableBalancesRequest = read(data)?;
            let (balances, pagination) = all(chain, &request.address)?;
            put(&QuerySpendableBalancesResponse { balances, pagination })
        }
        "SupplyOf" => {
            let request: QuerySupplyOfRequest = read(data)?;
            let supply: SupplyResponse = chain
                .app
                .wrap()
                .query(&QueryRequest::Bank(BankQuery::Supply { denom: request.denom }))
                .map_err(Fault::invalid_request)?;
            put(&QuerySupplyOfResponse { amount: Some(wire(&supply.amount)) })
        }
        _ => Ok(None),
    }
}

fn one(chain: &Chain, address: &str, denom: String) -> Result<Coin, Fault> {
    accounts::check_address(address)?;
    Ok(Coin { amount: chain.balance(address, &denom).to_string(), denom })
}

/// All balances at once: an account of the simulation has few denominations.
fn all(chain: &Chain, address: &str) -> Result<(Vec<Coin>, Option<PageResponse>), Fault> {
    accounts::check_address(address)?;
    let coins: Vec<Coin> = chain.balances(address).iter().map(wire).collect();
    let total = u64::try_from(coins.len()).unwrap_or(0);
    let page = PageResponse { next_key: Vec::new(), total };
    Ok((coins, Some(page)))
}

fn wire(coin: &cosmwasm_std::Coin) -> Coin {
    Coin { denom: coin.denom.clone(), amount: coin.amount.to_string() }
}

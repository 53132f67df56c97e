use cw20::{AllowanceResponse, BalanceResponse, TokenInfoResponse};
use open_token::msg::{ExecuteMsg, QueryMsg};

super::contract! {
    /// OPEN, a cw20 token.
    OpenToken, ExecuteMsg, QueryMsg:
    /// An account's balance in `uopen`.
    balance(address: String) -> BalanceResponse = Balance;
    /// Name, symbol, decimals and what is left of the supply.
    token_info() -> TokenInfoResponse = TokenInfo;
    /// What `spender` may take from `owner`.
    allowance(owner: String, spender: String) -> AllowanceResponse = Allowance;
}

use disputes::msg::ExecuteMsg;
use openledger_contract_kit::permission::table;

#[test]
fn who_may_send_what() {
    goldie::assert!(table::<ExecuteMsg>());
}

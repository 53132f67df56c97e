use openledger_contract_kit::permission::table;
use settlement::msg::ExecuteMsg;

#[test]
fn who_may_send_what() {
    goldie::assert!(table::<ExecuteMsg>());
}

use cosmwasm_std::Binary;
use cw20::{DownloadLogoResponse, EmbeddedLogo, Logo, MarketingInfoResponse};
use open_token::{
    msg::{ExecuteMsg, QueryMsg, TOTAL_SUPPLY},
    ContractError,
};

use crate::suite::Suite;

fn describe() -> ExecuteMsg {
    let text = |text: &str| Some(text.to_owned());
    ExecuteMsg::UpdateMarketing { project: text("OpenLedger"), description: text("Pays for data"), marketing: None }
}

fn logo() -> ExecuteMsg {
    ExecuteMsg::UploadLogo(Logo::Embedded(EmbeddedLogo::Svg(Binary::from(b"<?xml version=\"1.0\"?><svg/>"))))
}

#[test]
fn the_marketing_account_describes_and_nobody_else() {
    let mut suite = Suite::new();
    for msg in [describe(), logo()] {
        let refused = suite.exec("alice", msg.clone()).unwrap_err();
        assert_eq!(refused, ContractError::Cw20(cw20_base::ContractError::Unauthorized {}));
        suite.exec("voice", msg).unwrap();
    }
    let info: MarketingInfoResponse = suite.query(&QueryMsg::MarketingInfo {}).unwrap();
    assert_eq!(info.project.as_deref(), Some("OpenLedger"));
    let logo: DownloadLogoResponse = suite.query(&QueryMsg::DownloadLogo {}).unwrap();
    assert_eq!(logo.mime_type, "image/svg+xml");
}

#[test]
fn without_such_an_account_it_stays_empty() {
    let mut suite = Suite::with(&[("alice", TOTAL_SUPPLY.u128())], None).unwrap();
    for msg in [describe(), logo()] {
        assert!(suite.exec("admin", msg).is_err());
    }
}

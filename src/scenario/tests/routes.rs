//! Where requests may go and where they are sent: what scenarios say of it, and what is wrong with that.

use crate::router::config::Config;
use crate::scenario::{Invalid, Loaded, load};

const HEAD: &str = "version: 1\nname: routes\nphases: [{ name: all, for: 60s }]\n";
const PROVIDERS: &str = "providers:
  azure: { region: eu-west, approved_for: [pii], models: { gpt-4o: {}, gpt-4o-mini: { approved_for: [] } } }
  openai: { region: us-east, models: { gpt-4o: {}, gpt-4.1: { approved_for: [pii, health] } } }
";
const ROUTER: &str = "router: { chains: { main: { targets: [azure/gpt-4o, azure/gpt-4o-mini, openai/gpt-4o, \
                      openai/gpt-4.1] } } }\n";

fn read(parts: &[&str]) -> Result<Loaded, Invalid> {
    load("routes.yaml", format!("{HEAD}{}", parts.concat()).as_bytes())
}

fn config(parts: &[&str]) -> Config {
    read(parts).unwrap_or_else(|invalid| panic!("{invalid}")).plan.router
}

fn warnings(parts: &[&str]) -> Vec<String> {
    let loaded = read(parts).unwrap_or_else(|invalid| panic!("{invalid}"));
    loaded.warnings.iter().map(|w| w.one_line("w")).collect()
}

#[test]
fn a_target_is_approved_as_its_model_says_and_else_as_its_provider_does() {
    let config = config(&[PROVIDERS, ROUTER, "load: [{ task: chat, rate: 1/s }]\n"]);
    let approved: Vec<Vec<&str>> =
        config.targets.iter().map(|t| t.approved_for.iter().map(|class| &**class).collect()).collect();
    assert_eq!(approved, [vec!["pii"], vec![], vec![], vec!["health", "pii"]]);
    let twice = read(&["providers: { openai: { approved_for: [pii, pii] } }\n", "load: []\n"]).expect_err("twice");
    assert!(twice.to_string().contains("`pii` is there twice"), "{twice}");
}

#[test]
fn a_stream_that_no_target_of_its_chain_may_serve_is_pointed_out() {
    let told = |traits: &str| {
        let load = format!("load: [{{ task: chat, rate: 1/s, {traits} }}]\n");
        warnings(&[PROVIDERS, ROUTER, &load])
    };
    for fine in ["residency: eu-west", "data_class: health", "residency: [uk, us-east], data_class: pii"] {
        assert_eq!(told(fine), [""; 0], "{fine}");
    }
    for (traits, message) in [
        ("residency: eu", "8:44: warning: no target of the chain `main` is in `eu`"),
        ("data_class: cards", "8:45: warning: no target of the chain `main` is approved for `cards`"),
        (
            "residency: eu-west, data_class: health",
            "8:44: warning: no target of the chain `main` is in `eu-west` and approved for `health`",
        ),
    ] {
        let told = told(traits);
        assert!(told.len() == 1 && told[0].starts_with(&format!("w:{message}")), "{told:#?}");
    }
}

//! Options as each vendor has them: every dialect × every option.

use super::*;

fn asked(dialect: Dialect, options: &Options) -> Value {
    sent(dialect, &Ask { options, ..plain() }).2
}

/// Where the option stands in the body, and what stands there.
fn at(body: &Value, place: &str) -> Value {
    body.pointer(place).cloned().unwrap_or(Value::Null)
}

fn stops() -> Options {
    Options { stop: vec!["END".into(), "\n\n".into()], ..Options::default() }
}

fn seed() -> Options {
    Options { seed: Some(7), ..Options::default() }
}

fn cap() -> Options {
    Options { max_tokens: Some(300), ..Options::default() }
}

fn effort() -> Options {
    Options { effort: Some(Effort::High), ..Options::default() }
}

fn budget() -> Options {
    Options { thinking_budget: Some(2048), ..Options::default() }
}

/// Per dialect: where seed, cap, effort and budget stand; `None` where they cannot be had.
type Places = [Option<&'static str>; 4];

#[rstest]
#[case(Dialect::OpenAi, [Some("/seed"), Some("/max_completion_tokens"), Some("/reasoning_effort"), None])]
#[case(Dialect::Azure, [Some("/seed"), Some("/max_completion_tokens"), Some("/reasoning_effort"), None])]
#[case(Dialect::Vllm, [Some("/seed"), Some("/max_tokens"), Some("/reasoning_effort"), None])]
#[case(Dialect::Mistral, [Some("/random_seed"), Some("/max_tokens"), None, None])]
#[case(Dialect::Anthropic, [None, Some("/max_tokens"), Some("/output_config/effort"), Some("/thinking/budget_tokens")])]
#[case(Dialect::Bedrock, [None, Some("/inferenceConfig/maxTokens"), Some("/outputConfig/effort"),
    Some("/additionalModelRequestFields/thinking/budget_tokens")])]
#[case(Dialect::Gemini, [Some("/generationConfig/seed"), Some("/generationConfig/maxOutputTokens"),
    Some("/generationConfig/thinkingConfig/thinkingLevel"), Some("/generationConfig/thinkingConfig/thinkingBudget")])]
#[case(Dialect::Ollama, [Some("/options/seed"), Some("/options/num_predict"), Some("/think"), None])]
fn an_option_stands_where_its_vendor_has_it_or_cannot_be_had(#[case] dialect: Dialect, #[case] places: Places) {
    let (adapter, bare) = (Adapter::new(dialect), sent(dialect, &plain()).2);
    let options = [(seed(), json!(7)), (cap(), json!(300)), (effort(), json!("high")), (budget(), json!(2048))];
    for ((options, value), place) in options.iter().zip(places) {
        let why = adapter.cannot(options);
        assert_eq!(why.is_none(), place.is_some(), "{dialect} {options:?}: {why:?}");
        if let Some(place) = place {
            assert_eq!(at(&asked(dialect, options), place), *value, "{dialect} {options:?}");
            assert_ne!(at(&bare, place), *value, "{dialect}: it was not asked for");
        }
    }
    assert_eq!(adapter.cannot(&NO_OPTIONS), None);
}

#[rstest]
#[case(Dialect::OpenAi, "/stop", 4)]
#[case(Dialect::Azure, "/stop", 4)]
#[case(Dialect::Vllm, "/stop", 9)]
#[case(Dialect::Mistral, "/stop", 9)]
#[case(Dialect::Anthropic, "/stop_sequences", 9)]
#[case(Dialect::Bedrock, "/inferenceConfig/stopSequences", 9)]
#[case(Dialect::Gemini, "/generationConfig/stopSequences", 5)]
#[case(Dialect::Ollama, "/options/stop", 9)]
fn stop_texts_are_a_list_as_long_as_the_vendor_takes_it(
    #[case] dialect: Dialect,
    #[case] place: &str,
    #[case] most: usize,
) {
    let adapter = Adapter::new(dialect);
    let texts = Options { stop: vec!["END".into(), "STOP".into()], ..Options::default() };
    assert_eq!(at(&asked(dialect, &texts), place), json!(["END", "STOP"]));
    let many = |count| Options { stop: vec!["END".into(); count], ..Options::default() };
    assert_eq!(adapter.cannot(&many(most)), None);
    assert_eq!(adapter.cannot(&many(most + 1)).is_some(), most < 9);
    let claude = matches!(dialect, Dialect::Anthropic | Dialect::Bedrock);
    assert_eq!(adapter.cannot(&stops()).is_some(), claude, "a stop text of blanks only");
}

#[test]
fn a_prompt_is_marked_for_the_cache_only_where_it_must_be_and_nobody_refuses() {
    let options = Options { cache_prompt: true, ..Options::default() };
    for dialect in Dialect::ALL {
        assert_eq!(Adapter::new(dialect).cannot(&options), None, "{dialect}");
        let (body, bare) = (asked(dialect, &options), sent(dialect, &plain()).2);
        match dialect {
            Dialect::Anthropic => {
                let mark = json!({ "type": "ephemeral" });
                assert_eq!(body["system"], json!([{ "type": "text", "text": "Be brief.", "cache_control": mark }]));
            }
            Dialect::Bedrock => {
                assert_eq!(body["system"], json!([{ "text": "Be brief." }, { "cachePoint": { "type": "default" } }]));
            }
            _ => assert_eq!(body, bare, "{dialect}"),
        }
    }
}

#[rstest]
#[case::by_itself(None, None, Some(1024 + 2048))]
#[case::with_a_cap(Some(4096), None, Some(4096))]
#[case::no_room(Some(2048), Some("the budget for thinking leaves no room for an answer"), None)]
fn claudes_thoughts_leave_room_for_an_answer(
    #[case] max_tokens: Option<u32>,
    #[case] why: Option<&str>,
    #[case] cap: Option<u32>,
) {
    let options = Options { max_tokens, ..budget() };
    for (dialect, place) in [(Dialect::Anthropic, "/max_tokens"), (Dialect::Bedrock, "/inferenceConfig/maxTokens")] {
        assert_eq!(Adapter::new(dialect).cannot(&options), why);
        if let Some(cap) = cap {
            assert_eq!(at(&asked(dialect, &options), place), json!(cap));
        }
        let little = Options { thinking_budget: Some(1023), ..Options::default() };
        assert!(Adapter::new(dialect).cannot(&little).is_some());
    }
}

#[test]
fn gemini_takes_an_effort_or_a_budget() {
    let both = Options { thinking_budget: Some(0), ..effort() };
    assert!(Adapter::new(Dialect::Gemini).cannot(&both).is_some());
    assert_eq!(Adapter::new(Dialect::Anthropic).cannot(&Options { thinking_budget: Some(2048), ..effort() }), None);
}

#[test]
fn a_schema_goes_to_the_api_or_into_the_prompt_and_never_into_both() {
    for dialect in Dialect::ALL {
        let ask = |schema_by| sent(dialect, &Ask { schema: Some(raw(PARAMETERS)), schema_by, ..plain() }).2;
        let (native, prompt) = (ask(SchemaBy::Native), ask(SchemaBy::Prompt));
        let bare = sent(dialect, &plain()).2.to_string();
        // In a string its quotes are escaped.
        let told = json!(PARAMETERS).to_string();
        let told = told.trim_matches('"');
        assert!(prompt.to_string().contains(told) && !bare.contains("required"), "{dialect}");
        let without = prompt.to_string().replace(&format!("\\n{SHAPE}\\n{told}"), "");
        assert_eq!(without, bare, "{dialect}: nothing but the prompt differs");
        assert!(!native.to_string().contains(SHAPE) && native.to_string().contains("required"), "{dialect}");
    }
}

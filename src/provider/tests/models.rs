use super::*;

#[rstest]
#[case(Dialect::OpenAi, "/v1/models", Some(("authorization", "Bearer k")))]
#[case(Dialect::Azure, "/openai/v1/models", Some(("api-key", "k")))]
#[case(Dialect::Mistral, "/v1/models", Some(("authorization", "Bearer k")))]
#[case(Dialect::Vllm, "/v1/models", Some(("authorization", "Bearer k")))]
#[case(Dialect::Anthropic, "/v1/models", Some(("x-api-key", "k")))]
#[case(Dialect::Gemini, "/v1beta/models", Some(("x-goog-api-key", "k")))]
#[case(Dialect::Bedrock, "/foundation-models", Some(("authorization", "Bearer k")))]
#[case(Dialect::Ollama, "/api/tags", None)]
fn each_vendor_is_asked_for_its_models_where_it_lists_them(
    #[case] dialect: Dialect,
    #[case] path: &str,
    #[case] key: Option<(&str, &str)>,
) {
    let request = Adapter::new(dialect).models_request("k").expect("a request");
    assert_eq!((request.method(), request.uri().to_string()), (&http::Method::GET, path.to_owned()));
    assert!(request.body().is_empty());
    let given = key.map(|(name, _)| (name, request.headers()[name].to_str().expect("text")));
    assert_eq!(given, key);
    let version = dialect == Dialect::Anthropic;
    assert_eq!(request.headers().contains_key("anthropic-version"), version);
}

#[rstest]
#[case(r#"{"object":"list","data":[{"id":"m","object":"model"}]}"#, true)]
#[case("{}", true)]
#[case("<html>504 Gateway Time-out</html>", false)]
#[case("", false)]
fn a_list_of_models_is_json(#[case] body: &str, #[case] expected: bool) {
    let found = Adapter::new(Dialect::OpenAi).check_models(body.as_bytes());
    assert_eq!(found.is_ok(), expected);
    assert!(found.is_ok() || found.is_err_and(|complaint| complaint.class == Class::Malformed));
}

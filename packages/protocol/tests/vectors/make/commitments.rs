use openledger_protocol::{
    Sampling,
    commitment::{query, sampling, tokens},
};
use serde_json::{Value, json};

pub fn make() -> Value {
    let salt = core::array::from_fn::<u8, 32, _>(|index| index as u8);
    let openings: [(&str, [u8; 32], &[u32]); 6] = [
        ("prompt", salt, &[1, 2, 3]),
        ("response", salt, &[1, 2, 3]),
        ("prompt", [0; 32], &[1, 2, 3]),
        ("prompt", salt, &[]),
        ("prompt", salt, &[0, 255, 256, 65_536, u32::MAX]),
        ("response", [255; 32], &[31_999]),
    ];
    let token_cases = openings.map(|(label, salt, ids)| token_case(label, &salt, ids, &tokens(label, &salt, ids)));
    let committed = tokens("prompt", &salt, &[1, 2, 3]);
    let wrong: [(&str, [u8; 32], &[u32]); 5] = [
        ("response", salt, &[1, 2, 3]),
        ("prompt", [0; 32], &[1, 2, 3]),
        ("prompt", salt, &[1, 2]),
        ("prompt", salt, &[1, 2, 3, 0]),
        ("prompt", salt, &[1, 3, 2]),
    ];
    let wrong_tokens = wrong.map(|(label, salt, ids)| token_case(label, &salt, ids, &committed));

    let full = Sampling {
        temperature: 700_000,
        top_k: 40,
        top_p: 950_000,
        min_p: 50_000,
        repetition_penalty: 1_100_000,
        presence_penalty: -500_000,
        frequency_penalty: 250_000,
        seed: 42,
        max_new_tokens: 128,
        stop: vec!["\n".into(), "Ende.".into()],
        json_schema: r#"{"type":"integer"}"#.into(),
        ..Sampling::default()
    };
    let largest = Sampling {
        temperature: u32::MAX,
        seed: u64::MAX,
        presence_penalty: i64::MIN,
        frequency_penalty: i64::MAX,
        stop: vec![String::new()],
        ..full.clone()
    };
    let sampling_cases = [Sampling::default(), full.clone(), largest]
        .map(|opening| sampling_case(&salt, &opening, &sampling(&salt, &opening)));
    let committed = sampling(&salt, &full);
    let wrong_sampling = [
        Sampling { temperature: 700_001, ..full.clone() },
        Sampling { top_k: 41, ..full.clone() },
        Sampling { top_p: 0, ..full.clone() },
        Sampling { min_p: 0, ..full.clone() },
        Sampling { repetition_penalty: 0, ..full.clone() },
        Sampling { presence_penalty: 500_000, ..full.clone() },
        Sampling { frequency_penalty: 0, ..full.clone() },
        Sampling { seed: 43, ..full.clone() },
        Sampling { max_new_tokens: 127, ..full.clone() },
        Sampling { json_schema: String::new(), ..full.clone() },
        Sampling { regex: "[0-9]+".into(), ..full.clone() },
        Sampling { stop: vec!["\nEnde.".into()], ..full },
    ];
    let wrong_sampling = wrong_sampling.map(|opening| sampling_case(&salt, &opening, &committed));
    let vectors: [&[i8]; 3] = [&[], &[0, 1, -1, i8::MIN, i8::MAX], &[-7; 40]];
    let query_cases = vectors.map(|vector| query_case(&salt, vector, &query(&salt, vector)));
    let committed = query(&salt, &[1, 2, -3]);
    let wrong: [&[i8]; 3] = [&[1, 2, 3], &[1, 2], &[1, 2, -3, 0]];
    let wrong_query = wrong.map(|vector| query_case(&salt, vector, &committed));
    json!({
        "about": "salted commitments to token ids, sampling parameters and query vectors; the invalid openings lead elsewhere",
        "tokens": token_cases,
        "invalid_tokens": wrong_tokens,
        "sampling": sampling_cases,
        "invalid_sampling": wrong_sampling,
        "query": query_cases,
        "invalid_query": wrong_query,
    })
}

fn token_case(label: &str, salt: &[u8; 32], ids: &[u32], commitment: &[u8; 32]) -> Value {
    json!({ "label": label, "salt": hex::encode(salt), "ids": ids, "commitment": hex::encode(commitment) })
}

fn query_case(salt: &[u8; 32], vector: &[i8], commitment: &[u8; 32]) -> Value {
    json!({ "salt": hex::encode(salt), "vector": vector, "commitment": hex::encode(commitment) })
}

fn sampling_case(salt: &[u8; 32], opening: &Sampling, commitment: &[u8; 32]) -> Value {
    json!({
        "salt": hex::encode(salt),
        "sampling": {
            "temperature": opening.temperature,
            "top_k": opening.top_k,
            "top_p": opening.top_p,
            "min_p": opening.min_p,
            "repetition_penalty": opening.repetition_penalty,
            "presence_penalty": opening.presence_penalty.to_string(),
            "frequency_penalty": opening.frequency_penalty.to_string(),
            "seed": opening.seed.to_string(),
            "max_new_tokens": opening.max_new_tokens,
            "stop": opening.stop,
            "json_schema": opening.json_schema,
            "regex": opening.regex,
        },
        "commitment": hex::encode(commitment),
    })
}

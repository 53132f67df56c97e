use openledger_protocol::commitment::{query, sampling, tokens};
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

    let parameters = [
        (0.0, 0, 0.0, 0, 1),
        (-0.0, 0, 0.0, 0, 1),
        (0.7, 40, 0.95, 42, 128),
        (1.5, 1, 1.0, (1 << 53) + 1, 2048),
        (1e-45, u32::MAX, 0.1, u64::MAX, u32::MAX),
    ];
    let sampling_cases = parameters.map(|(temperature, top_k, top_p, seed, limit)| {
        let commitment = sampling(&salt, temperature as f32, top_k, top_p as f32, seed, limit);
        sampling_case(&salt, (temperature, top_k, top_p, seed, limit), &commitment)
    });
    let committed = sampling(&salt, 0.7, 40, 0.95, 42, 128);
    let wrong = [
        (0.8, 40, 0.95, 42, 128),
        (0.7, 41, 0.95, 42, 128),
        (0.7, 40, 0.9, 42, 128),
        (0.7, 40, 0.95, 43, 128),
        (0.7, 40, 0.95, 42, 127),
        (0.95, 40, 0.7, 42, 128),
    ];
    let wrong_sampling = wrong.map(|opening| sampling_case(&salt, opening, &committed));
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

fn sampling_case(
    salt: &[u8; 32],
    (temperature, top_k, top_p, seed, limit): (f64, u32, f64, u64, u32),
    commitment: &[u8; 32],
) -> Value {
    json!({
        "salt": hex::encode(salt),
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed.to_string(),
        "max_new_tokens": limit,
        "commitment": hex::encode(commitment),
    })
}

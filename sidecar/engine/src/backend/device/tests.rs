//! Caches and slots kept on a device against those that pass through the host, with the processor's memory as the device.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use half::{bf16, f16};
use openledger_onnx_graph::{LoraForm, LoraSite, choose_logits};
use ort::value::Tensor;

use super::*;
use crate::{
    Limits,
    backend::{Backend, Forward, Logits, SequenceId, StepRow, StockBackend},
    float::{Float, FloatType},
    lora::CurrentStep,
    model_folder::ModelFolder,
    slots::{Prepared, Source},
};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Models with two adapters each, and how much two layouts of the same cache may differ: kernels of 32 bits do not see the layout.
const MODELS: [(&str, [&str; 2]); 2] = [
    ("examples/model", ["examples/adapters/sotu/full", "examples/adapters/wordnet/full"]),
    (
        "tests/golden/half/llama-fp16",
        ["tests/golden/half/llama-fp16/adapters/all-linear", "tests/golden/half/llama-fp16/adapters/patterns"],
    ),
];
/// Of the largest logit.
const TOLERANCE: f32 = 1e-5;

struct Side {
    backend: StockBackend,
    slots: SlotTable,
    sites: Arc<[LoraSite]>,
}

impl Side {
    fn start(model: &str, kept: bool) -> Self {
        let runtime = Runtime::load(None).unwrap();
        let mut folder = ModelFolder::read(&repository().join(model), LoraForm::Standard, &runtime.version).unwrap();
        if kept {
            choose_logits(&mut folder.model, &folder.interface.logits).unwrap();
        }
        let sites: Arc<[LoraSite]> = folder.sites.into();
        let session = runtime.session_on(Provider::Cpu, &folder.model, 1).unwrap();
        let (step, vocab) = (Arc::new(CurrentStep::default()), folder.info.vocab_size);
        let forward = Forward::new(session, folder.interface, Arc::clone(&sites), step, vocab);
        let forward = if kept { forward.choosing_logits().kept_on(&runtime, Provider::Cpu).unwrap() } else { forward };
        let slots = SlotTable::new(Arc::clone(&sites), &Limits::default(), LoraForm::Standard);
        Self { backend: StockBackend::new(forward), slots, sites }
    }

    fn load(&mut self, adapter: &str) {
        let folder = repository().join(adapter);
        let limits = Limits::default();
        let prepared = Prepared::read(&folder, None, None, &self.sites, &limits, LoraForm::Standard).unwrap();
        self.slots.load(adapter, prepared, Source::of(&folder)).unwrap();
    }

    fn unload(&mut self, adapter: &str) {
        self.slots.unload(adapter).unwrap();
    }

    fn run(&mut self, rows: &[StepRow<'_>]) -> Vec<Vec<f32>> {
        let logits: Logits = self.backend.run(rows, &self.slots).unwrap();
        (0..logits.len()).map(|at| logits.at(at).unwrap().to_vec()).collect()
    }
}

/// Both sides, and the texts that they extend alike.
struct Both {
    sides: [Side; 2],
    texts: Vec<(Vec<u32>, usize)>,
    worst: f32,
}

impl Both {
    /// Extends texts by tokens of a fixed stream: `shares` says which and by how many.
    fn step(&mut self, shares: &[(usize, usize)]) {
        for &(text, tokens) in shares {
            let (known, _) = &mut self.texts[text];
            let next = |at: usize| u32::try_from((at * 37 + text * 101 + at * at) % 250 + 5).unwrap();
            known.extend((known.len()..known.len() + tokens).map(next));
        }
        let rows: Vec<StepRow<'_>> = shares
            .iter()
            .map(|&(text, tokens)| {
                let (known, slot) = &self.texts[text];
                let past = known.len() - tokens;
                let sequence = SequenceId(u64::try_from(text).unwrap());
                StepRow { sequence, tokens: &known[past..], past, slot: *slot, blocks: &[], logits: tokens.min(2) }
            })
            .collect();
        let [host, kept] = &mut self.sides;
        let (expected, found) = (host.run(&rows), kept.run(&rows));
        assert_eq!(expected.len(), found.len());
        let scale = expected.iter().flatten().fold(0.0_f32, |largest, logit| largest.max(logit.abs()));
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            let apart = (found - expected).abs() / scale;
            assert!(apart <= TOLERANCE, "{shares:?}: {found} {expected}");
            self.worst = self.worst.max(apart);
        }
    }

    fn forget(&mut self, text: usize) {
        for side in &mut self.sides {
            side.backend.forget(SequenceId(u64::try_from(text).unwrap()));
        }
    }
}

#[test]
fn what_is_kept_says_what_the_host_says() {
    for (model, adapters) in MODELS {
        let sides = [Side::start(model, false), Side::start(model, true)];
        let texts = [1, 0, 2, 1, 0].map(|slot| (Vec::new(), slot)).to_vec();
        let mut both = Both { sides, texts, worst: 0.0 };
        both.sides.iter_mut().for_each(|side| side.load(adapters[0]));
        // Prompts of different lengths, then single tokens.
        both.step(&[(0, 5), (1, 12)]);
        both.step(&[(0, 1), (1, 1)]);
        // An adapter comes while others run: the slots are laid out anew.
        both.sides.iter_mut().for_each(|side| side.load(adapters[1]));
        both.step(&[(0, 1), (2, 7), (1, 1)]);
        // Rows of two batches, not in their order; then one leaves.
        both.step(&[(2, 1), (1, 1), (0, 1)]);
        both.step(&[(2, 1), (1, 1), (0, 1)]);
        both.forget(1);
        both.step(&[(0, 1), (2, 1)]);
        // Another adapter in a slot that was there: written in place.
        for side in &mut both.sides {
            adapters.iter().for_each(|adapter| side.unload(adapter));
            side.load(adapters[1]);
            side.load(adapters[0]);
        }
        both.step(&[(0, 1), (2, 1)]);
        // A part of a prompt on a past.
        both.step(&[(0, 1), (2, 1), (3, 6)]);
        both.step(&[(3, 9)]);
        // Beyond the room that a cache began with.
        for _ in 0..ROOM {
            both.step(&[(0, 1), (2, 1), (3, 1)]);
        }
        both.step(&[(4, 70)]);
        both.step(&[(4, 1), (0, 1)]);
        let bytes = both.sides.each_ref().map(|side| side.backend.cache_bytes());
        assert!(bytes[0] > 0 && bytes[1] >= bytes[0], "{bytes:?}");
        [0, 2, 3, 4].iter().for_each(|&text| both.forget(text));
        assert_eq!(both.sides.each_ref().map(|side| side.backend.cache_bytes()), [0, 0]);
        println!("{model}: largest difference {:.1e} of the largest logit", both.worst);
    }
}

/// A cache of two tensors whose every number tells where it is.
fn cache<T: Float>(rows: usize, room: usize, first: usize) -> BatchCache {
    let tensor = |tensor: usize| {
        let count = rows * 2 * room * 3;
        // Numbers that 16 bits hold exactly.
        let values: Vec<T> = (0..count).map(|at| T::of(((first + tensor * 101 + at) % 256) as f32)).collect();
        Tensor::from_array(([rows, 2, room, 3], values)).unwrap().into_dyn()
    };
    BatchCache { tensors: vec![tensor(0), tensor(1)] }
}

/// The valid numbers of every row, head by head.
fn valid<T: Float>(cache: &BatchCache, lengths: &[usize]) -> Vec<f32> {
    let mut found = Vec::new();
    for tensor in &cache.tensors {
        let (shape, numbers) = tensor.try_extract_tensor::<T>().unwrap();
        let room = usize::try_from(shape[2]).unwrap();
        assert_eq!(usize::try_from(shape[0]).unwrap(), lengths.len());
        for (row, length) in lengths.iter().enumerate() {
            for head in 0..2 {
                let start = (row * 2 + head) * room * 3;
                found.extend(numbers[start..start + length * 3].iter().map(|number| number.wide()));
            }
        }
    }
    found
}

fn regrouped_as_by_the_host<T: Float>(of: FloatType) {
    let runtime = Runtime::load(None).unwrap();
    let folder = ModelFolder::read(&repository().join("examples/model"), None, &runtime.version).unwrap();
    let names = ["past.0", "past.1"].map(str::to_owned).to_vec();
    let interface = Interface { past: names.clone(), present: names, cache_type: of, ..folder.interface };
    let memory = MemoryInfo::default();
    let mut regroup = Regroup::start(&runtime, Provider::Cpu, &interface, &memory).unwrap();
    let zeros = regroup.zeros(2, 5, &memory).unwrap();
    assert_eq!((zeros.rows(), zeros.room()), (2, 5));
    assert!(
        zeros.tensors.iter().all(|tensor| tensor
            .try_extract_tensor::<T>()
            .unwrap()
            .1
            .iter()
            .all(|at| at.wide() == 0.0))
    );
    let (left, right) = (cache::<T>(3, 7, 1), cache::<T>(2, 4, 50));
    let rows = |places: &[(usize, usize, usize)]| -> Vec<CacheRow<'_>> {
        let of = |&(side, row, length): &(usize, usize, usize)| CacheRow { from: [&left, &right][side], row, length };
        places.iter().map(of).collect()
    };
    for places in [vec![(0, 2, 5), (1, 0, 4), (0, 1, 7)], vec![(1, 1, 2)], vec![(0, 0, 3), (0, 2, 6)]] {
        let rows = rows(&places);
        let lengths: Vec<usize> = places.iter().map(|place| place.2).collect();
        let room = lengths.iter().max().unwrap() + 3;
        let found = regroup.gather(&rows, room, &memory).unwrap();
        assert_eq!((found.rows(), found.room()), (places.len(), room));
        assert_eq!(valid::<T>(&found, &lengths), valid::<T>(&BatchCache::gather(of, &rows).unwrap(), &lengths));
    }
    let grown = regroup.grown(&left, 20, &memory).unwrap();
    assert_eq!((grown.rows(), grown.room()), (3, 20));
    assert_eq!(valid::<T>(&grown, &[7; 3]), valid::<T>(&left, &[7; 3]));
    for wrong in [vec![(0, 3, 1)], vec![(1, 0, 5)], vec![]] {
        assert_eq!(regroup.gather(&rows(&wrong), 9, &memory).err().unwrap().code(), "INFERENCE_FAILED");
    }
}

#[test]
fn rows_are_laid_out_as_by_the_host_in_every_type() {
    regrouped_as_by_the_host::<f32>(FloatType::F32);
    regrouped_as_by_the_host::<f16>(FloatType::F16);
    regrouped_as_by_the_host::<bf16>(FloatType::Bf16);
}

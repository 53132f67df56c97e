#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::{
    adapter::{AdapterWeights, ModuleMatrices, ModuleWeights},
    float::Floats,
};

const FORMS: [LoraForm; 2] = [LoraForm::Standard, LoraForm::Operator];

fn site() -> LoraSite {
    LoraSite { layer: 0, module: "q_proj".to_owned(), slot_inputs: None, in_features: 2, out_features: 3, data_type: 1 }
}

fn source() -> Source {
    Source::of(std::path::Path::new("/no/such/folder"))
}

fn prepared(digest: u8, rank: usize, form: LoraForm) -> Prepared {
    Prepared::of(weights(digest, rank), &[site()], form).unwrap()
}

/// A request's life: its lease and, while it runs, its slot.
fn run(table: &mut SlotTable, id: &str) -> (Lease, usize) {
    let lease = table.lease(Some(id)).unwrap();
    let slot = table.activate(&lease).unwrap();
    (lease, slot)
}

fn finish(table: &mut SlotTable, lease: Lease) {
    table.deactivate(&lease);
    table.release(lease);
}

fn table(max_adapters: usize, form: LoraForm) -> SlotTable {
    let limits = Limits { max_adapters, ..Limits::default() };
    SlotTable::new(vec![site()].into(), &limits, form)
}

fn weights(digest: u8, rank: usize) -> AdapterWeights {
    AdapterWeights {
        digest: [digest; 32],
        rank,
        modules: vec![ModuleWeights {
            site: 0,
            rank,
            matrices: ModuleMatrices::Floats {
                a: (0..rank * 2).map(|i| i as f32 + 1.0).collect(),
                b: (0..rank * 3).map(|i| -(i as f32) - 1.0).collect(),
            },
            scale: 2.0,
        }],
    }
}

#[test]
fn the_standard_form_pads_ranks_and_keeps_the_base_slot_zero() {
    let mut table = table(4, LoraForm::Standard);
    table.load("one", prepared(1, 1, LoraForm::Standard), source()).unwrap();
    table.load("two", prepared(2, 2, LoraForm::Standard), source()).unwrap();
    let SlotStore::Standard(slots) = table.store() else { panic!("the other form") };
    assert_eq!(slots.size(), (4, 2));
    let site = &slots.sites()[0];
    let (Floats::F32(a), Floats::F32(b)) = (&site.a, &site.b) else { panic!("the site is of 32 bits") };
    assert_eq!(a[..4], [0.0; 4]);
    assert_eq!(a[4..8], [1.0, 0.0, 2.0, 0.0]);
    assert_eq!(a[8..12], [1.0, 3.0, 2.0, 4.0]);
    assert_eq!(b[6..12], [-2.0, -4.0, -6.0, 0.0, 0.0, 0.0]);
}

#[test]
fn whoever_has_copies_of_the_slots_learns_which_are_old() {
    let mut table = StandardSlots::new(vec![site()].into(), 9);
    assert_eq!(table.changed_since(None), Changed::All);
    table.fill(1, weights(1, 2));
    assert_eq!(table.changed_since(Some(0)), Changed::All, "more slots");
    table.fill(2, weights(2, 2));
    let seen = Some(table.changes());
    assert_eq!(table.changed_since(seen), Changed::Slots(Vec::new()));
    table.fill(3, weights(3, 1));
    table.free(1);
    table.fill(1, weights(4, 2));
    assert_eq!(table.changed_since(seen), Changed::Slots(vec![1, 3]));
    table.fill(3, weights(5, 3));
    assert_eq!(table.changed_since(seen), Changed::All, "a higher rank");
}

#[test]
fn the_operator_form_keeps_ranks_and_frees_what_nobody_uses() {
    let form = LoraForm::Operator;
    let mut table = table(4, form);
    table.load("one", prepared(1, 1, form), source()).unwrap();
    table.load("two", prepared(2, 2, form), source()).unwrap();
    let held = |table: &SlotTable| {
        let SlotStore::Operator(slots) = table.store() else { panic!("the other form") };
        let mut ranks: Vec<_> = slots.values().map(|adapter| adapter.module(0).unwrap().rank()).collect();
        ranks.sort_unstable();
        ranks
    };
    assert_eq!(held(&table), [1, 2]);
    let (lease, _) = run(&mut table, "two");
    table.unload("two").unwrap();
    assert_eq!(held(&table), [1, 2]);
    finish(&mut table, lease);
    assert_eq!(held(&table), [1]);
    let wide = Prepared::of(weights(3, openledger_lora::MAX_RANK + 1), &[site()], form).unwrap_err();
    assert_eq!(wide.code(), "ADAPTER_LIMIT");
    assert_eq!((held(&table), table.list().len()), (vec![1], 1));
}

#[test]
fn a_used_adapter_outlives_its_unloading() {
    for form in FORMS {
        let mut table = table(1, form);
        table.load("one", prepared(1, 1, form), source()).unwrap();
        let (lease, slot) = run(&mut table, "one");
        table.unload("one").unwrap();
        assert_eq!(table.lease(Some("one")).unwrap_err().code(), "ADAPTER_UNKNOWN");
        // The place of an id is free at once, the matrices stay for whoever runs.
        table.load("two", prepared(2, 1, form), source()).unwrap();
        let (other, second) = run(&mut table, "two");
        assert_ne!(second, slot);
        assert_eq!(table.stats().resident, 2);
        finish(&mut table, lease);
        finish(&mut table, other);
        assert_eq!(table.stats().resident, 1);
    }
}

#[test]
fn an_id_belongs_to_one_generation_until_it_is_replaced() {
    for form in FORMS {
        let mut table = table(2, form);
        let first = table.load("one", prepared(1, 1, form), source()).unwrap();
        assert_eq!(table.load("one", prepared(1, 1, form), source()).unwrap(), first);
        assert_eq!(table.load("one", prepared(9, 1, form), source()).unwrap_err().code(), "ADAPTER_EXISTS");
        assert_eq!(table.unload("none").unwrap_err().code(), "ADAPTER_UNKNOWN");
        // Another scale alone is another generation.
        let mut louder = weights(1, 1);
        louder.modules[0].scale = 3.0;
        let louder = Prepared::of(louder, &[site()], form).unwrap();
        assert_ne!(louder.generation, first.generation);
        let (lease, slot) = run(&mut table, "one");
        let second = table.replace("one", louder, source(), first.generation).unwrap();
        assert_eq!(lease.generation(), Some(first.generation));
        assert_eq!(table.generation(slot), Some(first.generation));
        let late = table.replace("one", prepared(4, 1, form), source(), first.generation).unwrap_err();
        assert_eq!(late.code(), "ADAPTER_CONFLICT");
        let none = table.replace("none", prepared(4, 1, form), source(), first.generation).unwrap_err();
        assert_eq!(none.code(), "ADAPTER_UNKNOWN");
        finish(&mut table, lease);
        assert_eq!(table.list(), [second]);
        assert_eq!(table.stats().registered, 1);
        let base = table.lease(None).unwrap();
        assert_eq!(table.activate(&base), Some(BASE_SLOT));
    }
}

/// Room for `resident` adapters of rank 1 in the operator form: 2 + 3 floats of 16 bits.
fn small(resident: usize) -> SlotTable {
    let limits = Limits { max_resident: resident, max_adapter_bytes: 1000, ..Limits::default() };
    SlotTable::new(vec![site()].into(), &limits, LoraForm::Operator)
}

fn outcome(order: &LoadOrder, digest: u8) -> LoadOutcome {
    let result = Ok(prepared(digest, 1, LoraForm::Operator));
    LoadOutcome { generation: order.generation, result, took: Duration::from_millis(3) }
}

#[test]
fn the_longest_unused_makes_room_and_comes_back_when_it_is_needed() {
    let mut table = small(2);
    for (id, digest) in [("one", 1), ("two", 2), ("three", 3)] {
        table.load(id, prepared(digest, 1, LoraForm::Operator), source()).unwrap();
    }
    let resident = |table: &SlotTable| -> Vec<String> {
        table.list().into_iter().filter(|adapter| adapter.resident).map(|adapter| adapter.id).collect()
    };
    assert_eq!(resident(&table), ["three", "two"]);
    let waits = table.lease(Some("one")).unwrap();
    assert_eq!(table.activate(&waits), None);
    let orders = table.take_orders();
    assert_eq!((orders.len(), orders[0].parts[0].digest), (1, [1; 32]));
    // Asked for once, however many wait.
    let also = table.lease(Some("one")).unwrap();
    assert_eq!((table.activate(&also), table.take_orders().len()), (None, 0));
    let (three, _) = run(&mut table, "three");
    assert!(table.loaded(outcome(&orders[0], 1)).is_none());
    assert_eq!(resident(&table), ["one", "three"]);
    assert!(table.activate(&waits).is_some());
    let stats = table.stats();
    assert_eq!((stats.hits, stats.misses, stats.loads, stats.evictions), (1, 2, 1, 2));
    assert_eq!((stats.slowest_load, stats.resident_bytes), (Duration::from_millis(3), 20));
    // Both places are in use: nothing is read for nothing.
    let two = table.lease(Some("two")).unwrap();
    assert_eq!((table.activate(&two), table.take_orders().len()), (None, 0));
    finish(&mut table, three);
    assert_eq!((table.activate(&two), table.take_orders().len()), (None, 1));
    for lease in [waits, also, two] {
        table.release(lease);
    }
}

#[test]
fn what_was_read_for_somebody_waits_for_them() {
    let mut table = small(1);
    for (id, digest) in [("one", 1), ("two", 2), ("three", 3)] {
        table.load(id, prepared(digest, 1, LoraForm::Operator), source()).unwrap();
    }
    let [one, two] = ["one", "two"].map(|id| table.lease(Some(id)).unwrap());
    assert_eq!(table.activate(&one), None);
    // The only place is spoken for.
    assert_eq!(table.activate(&two), None);
    let orders = table.take_orders();
    assert_eq!((orders.len(), orders[0].parts[0].digest), (1, [1; 32]));
    table.loaded(outcome(&orders[0], 1));
    assert_eq!((table.activate(&two), table.take_orders().len()), (None, 0));
    assert!(table.activate(&one).is_some());
    finish(&mut table, one);
    assert_eq!((table.activate(&two), table.take_orders().len()), (None, 1));
    table.release(two);
}

#[test]
fn what_is_brought_by_hand_while_it_is_read_is_in_memory_once() {
    let mut table = small(2);
    for (id, digest) in [("one", 1), ("two", 2), ("three", 3)] {
        table.load(id, prepared(digest, 1, LoraForm::Operator), source()).unwrap();
    }
    let lease = table.lease(Some("one")).unwrap();
    assert_eq!(table.activate(&lease), None);
    let order = table.take_orders().remove(0);
    table.load("also one", prepared(1, 1, LoraForm::Operator), source()).unwrap();
    let slot = table.activate(&lease).unwrap();
    assert!(table.loaded(outcome(&order, 1)).is_none());
    assert_eq!((table.generation(slot), table.stats().loads), (lease.generation(), 0));
    finish(&mut table, lease);
    // Both make room for others as ever.
    for digest in 4..8 {
        table.load(&digest.to_string(), prepared(digest, 1, LoraForm::Operator), source()).unwrap();
    }
    assert_eq!(table.stats().resident, 2);
}

#[test]
fn pinned_adapters_stay_and_leave_room_for_others() {
    let mut table = small(2);
    for (id, digest) in [("one", 1), ("two", 2)] {
        table.load(id, prepared(digest, 1, LoraForm::Operator), source()).unwrap();
    }
    assert!(table.pin("one", true).unwrap().pinned);
    assert_eq!(table.pin("two", true).unwrap_err().code(), "ADAPTER_LIMIT");
    table.load("three", prepared(3, 1, LoraForm::Operator), source()).unwrap();
    let resident: Vec<bool> = table.list().iter().map(|adapter| adapter.resident).collect();
    assert_eq!(resident, [true, true, false]);
    table.pin("one", false).unwrap();
    assert!(table.pin("two", true).unwrap().pinned);
    assert_eq!(table.take_orders().len(), 1);
    assert_eq!(table.pin("none", true).unwrap_err().code(), "ADAPTER_UNKNOWN");
}

#[test]
fn an_adapter_that_cannot_be_read_again_is_told() {
    let mut table = small(1);
    table.load("one", prepared(1, 1, LoraForm::Operator), source()).unwrap();
    table.load("two", prepared(2, 1, LoraForm::Operator), source()).unwrap();
    let lease = table.lease(Some("one")).unwrap();
    assert_eq!(table.activate(&lease), None);
    let order = table.take_orders().remove(0);
    let failed = LoadOutcome { generation: order.generation, result: Err(EngineError::Stopped), took: Duration::ZERO };
    assert!(table.loaded(failed).is_some());
    // The next one tries again.
    assert_eq!((table.activate(&lease), table.take_orders().len()), (None, 1));
    table.release(lease);
}

proptest! {
    /// Whatever happens: limits hold, slots are not shared, and who runs keeps what it has.
    #[test]
    fn limits_hold_and_nothing_in_use_moves(actions in prop::collection::vec((0..6_u8, 0..5_u8), 1..120)) {
        let mut table = small(2);
        let name = |digest: u8| format!("adapter-{digest}");
        let mut running: Vec<(Lease, Option<(usize, Generation)>)> = Vec::new();
        let mut orders = Vec::new();
        for (action, digest) in actions {
            match action {
                0 => { let _ = table.load(&name(digest), prepared(digest, 1, LoraForm::Operator), source()); }
                1 => { let _ = table.unload(&name(digest)); }
                2 => if let Ok(lease) = table.lease(Some(&name(digest))) {
                    running.push((lease, None));
                },
                3 => for (lease, place) in &mut running {
                    if place.is_none() {
                        *place = table.activate(lease).and_then(|slot| Some((slot, lease.generation()?)));
                    }
                },
                4 => if !running.is_empty() {
                    let (lease, place) = running.remove(usize::from(digest) % running.len());
                    if place.is_some() {
                        table.deactivate(&lease);
                    }
                    table.release(lease);
                },
                _ => { let _ = table.pin(&name(digest), digest % 2 == 0); }
            }
            orders.extend(table.take_orders());
            // Read a while later, or at once.
            if digest % 2 == 0 {
                for order in orders.drain(..) {
                    table.loaded(outcome(&order, order.parts[0].digest[0]));
                }
            }
            let stats = table.stats();
            prop_assert!(stats.resident <= 2 && stats.resident_bytes <= 1000);
            for (_, place) in &running {
                if let Some((slot, generation)) = place {
                    prop_assert_eq!(table.generation(*slot), Some(*generation));
                }
            }
        }
        for (lease, place) in running {
            if place.is_some() {
                table.deactivate(&lease);
            }
            table.release(lease);
        }
        // Nothing is left behind but what has a name.
        prop_assert_eq!(table.stats().registered, table.list().len());
    }
}

//! Each judge is given a fleet that does wrong, and must see it.

use std::time::Duration;

use clap::ValueEnum;
use comfycontrol_benches::place::Place;
use futures_util::future::join_all;

use crate::fleet::Fleet;
use crate::role::Sabotage;
use crate::verdicts::Invariant;

/// Runs them; whether one was not found.
pub(crate) async fn run(seed: u64) -> bool {
    let mut missed = false;
    // Not all at the same time: each of them is busy.
    for some in Sabotage::value_variants().chunks(5) {
        let fleets = some.iter().map(|sabotage| async move {
            let fleet = Fleet {
                name: "sabotage",
                seed,
                place: Place::Memory,
                gateway: false,
                lasts: LASTS,
                sabotage: Some(*sabotage),
            };
            (*sabotage, fleet.run().await)
        });
        for (sabotage, outcome) in join_all(fleets).await {
            let invariant = found_by(sabotage);
            let found = outcome.verdicts.row(invariant).violations;
            println!("{sabotage:?}: {found} × {}", invariant.name());
            if found == 0 {
                println!("  MISSED");
                missed = true;
            }
        }
    }
    missed
}

fn found_by(sabotage: Sabotage) -> Invariant {
    match sabotage {
        Sabotage::DoublePost => Invariant::PostOnce,
        Sabotage::ChangedByte => Invariant::Body,
        Sabotage::ChangedUpload => Invariant::Upload,
        Sabotage::ShownToken | Sabotage::SentToken => Invariant::Token,
        Sabotage::OpenFiles => Invariant::Descriptors,
        Sabotage::Memory => Invariant::Memory,
        Sabotage::NoLimit => Invariant::WithinLimit,
        Sabotage::Connections => Invariant::Connections,
        Sabotage::TwoOutcomes | Sabotage::NoOutcome => Invariant::OneOutcome,
        Sabotage::Late => Invariant::InTime,
        Sabotage::Task => Invariant::Tasks,
        Sabotage::FalseClaim => Invariant::Applied,
    }
}

const LASTS: Duration = Duration::from_secs(12);

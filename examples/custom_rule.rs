//! A merge rule of the application's own, and the laws that it is held against.
//!
//! ```text
//! cargo run --release --example custom_rule
//! ```
//!
//! Two editors raise a release's number: `1.9.0` to `1.10.0` and to `1.9.1`. As texts `1.9.1` is the larger one; the
//! application's rule compares them part by part. Another rule makes a mistake that is easy to make, and the laws find it.

use draftkeep::merge::laws::{self, Triple};
use draftkeep::merge::{MergeRule, Policy, PolicyError, Rule};
use draftkeep::{Kind, Options, Saved, Schema, Store, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn parts(release: Option<&Value>) -> Option<Vec<u32>> {
    release?.as_str()?.split('.').map(|part| part.parse().ok()).collect()
}

/// Of two release numbers the higher one; anything else is for a person.
#[derive(Debug)]
struct Higher;

impl MergeRule for Higher {
    fn name(&self) -> &'static str {
        "higher release"
    }

    // Part of the policy's digest: two devices that merge by different versions know it.
    fn version(&self) -> u32 {
        1
    }

    fn merge(&self, _: Option<&Value>, a: Option<&Value>, b: Option<&Value>) -> Result<Option<Value>, String> {
        let (of_a, of_b) = (parts(a), parts(b));
        if of_a.is_none() || of_b.is_none() {
            return Err("one side is no release number".to_owned());
        }
        Ok(if of_a > of_b { a } else { b }.cloned())
    }
}

/// A rule that means to be fair: it takes turns. What it gives depends on more than what goes in.
#[derive(Debug, Default)]
struct TakesTurns(AtomicBool);

impl MergeRule for TakesTurns {
    fn name(&self) -> &'static str {
        "takes turns"
    }

    fn version(&self) -> u32 {
        1
    }

    fn merge(&self, _: Option<&Value>, a: Option<&Value>, b: Option<&Value>) -> Result<Option<Value>, String> {
        Ok(if self.0.fetch_not(Ordering::Relaxed) { a } else { b }.cloned())
    }
}

fn policy(rule: impl MergeRule + 'static) -> Result<Policy, PolicyError> {
    Policy::builder().rule("/release", Rule::Custom(Arc::new(rule))).build()
}

/// Documents with release numbers, and now and then with something else in their place.
fn triples() -> impl Strategy<Value = Triple> {
    let release = || prop_oneof![9 => "[0-9]{1,2}\\.[0-9]{1,2}(\\.[0-9])?", 1 => "soon|"];
    let document = |release: String| {
        Value::Object([("release", release.as_str().into()), ("notes", "Faster.".into())].into_iter().collect())
    };
    let sides = (prop::option::weighted(0.9, release()), release(), release());
    sides.prop_map(move |(base, a, b)| Triple { base: base.map(document), ours: document(a), theirs: document(b) })
}

/// The first triple for which a law does not hold.
fn broken(policy: &Policy) -> Option<String> {
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 10_000, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let checked = runner.run(&triples(), |triple| laws::check(policy, &triple).map(drop).map_err(TestCaseError::fail));
    checked.err().map(|error| error.to_string())
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Product {
    release: String,
    notes: String,
}

const PRODUCT: Kind<Product> = Kind::new("product");

fn main() -> Result<(), Box<dyn Error>> {
    let store = Store::in_memory(Options::new().schema(Schema::of(PRODUCT).policy(policy(Higher)?)))?;
    let first = Product { release: "1.9.0".to_owned(), notes: "Faster.".to_owned() };
    let draft = store.space("team")?.drafts(PRODUCT)?.start(&first)?;
    let (mut ines, mut noor) = (draft.edit()?, draft.edit()?);
    *ines.doc() = Product { release: "1.10.0".to_owned(), ..first.clone() };
    println!("Ines saves 1.10.0: {:?}", ines.save()?);
    *noor.doc() = Product { release: "1.9.1".to_owned(), ..first };
    println!("Noor saves 1.9.1:");
    if let Saved::Merged { version, head, overwritten, .. } = noor.save()? {
        println!("  merged as version {head}; what she typed is version {version}");
        for lost in overwritten {
            println!("  {} has {:?} instead of {:?}", lost.path, lost.kept, lost.dropped);
        }
    }
    println!("  the release is {}", draft.load()?.release);
    assert_eq!(draft.load()?.release, "1.10.0");

    assert_eq!(broken(&policy(Higher)?), None);
    println!("\n10,000 merges by {:?} keep all laws.", Higher.name());
    let found = broken(&policy(TakesTurns::default())?).ok_or("the laws let a mistake pass")?;
    let law = found.split(": {").next().unwrap_or_default();
    println!("By {:?} they do not. {law}", TakesTurns::default().name());
    Ok(())
}

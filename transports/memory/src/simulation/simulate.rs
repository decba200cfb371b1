//! One seed, from beginning to end.

use super::setting::Setting;
use super::tally::Tally;
use super::world::World;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A simulation that went well.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Simulated {
    /// What happened.
    pub tally: Tally,
    /// A hash over the whole story: equal seeds and settings give equal ones.
    pub digest: [u8; 32],
}

/// A simulation in which something was lost, or that did not come to rest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The seed, which tells the same story again.
    pub seed: u64,
    /// What is wrong.
    pub what: String,
    /// Who did what, step by step.
    pub trace: Vec<String>,
    /// What happened until then.
    pub tally: Tally,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.what)?;
        self.trace.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl std::error::Error for Failure {}

/// Plays the story that follows from a seed: three or more devices and a hub, people who write, faults of all kinds. After
/// every step each word whose saving was acknowledged has to stand in some head, open conflict, main or fork; at the end
/// faults stop, and all devices have to come to rest with the same documents, in which every word stands. People erase drafts and slots, too,
/// and answer what others erased: no draft leaves a device but on a person's word there, or, in a sealed life, where the device shares it and
/// the erasure is proven.
///
/// The same seed and setting tell the same story, byte for byte.
///
/// ```
/// use draftkeep_memory::{Setting, simulate};
///
/// let simulated = simulate(1, &Setting::default()).map_err(|failure| failure.to_string());
/// assert!(simulated.is_ok(), "{}", simulated.unwrap_err());
/// ```
///
/// # Errors
///
/// Something was lost, went wrong or did not end: the [`Failure`] says what, and who did what until then.
pub fn simulate(seed: u64, setting: &Setting) -> Result<Simulated, Box<Failure>> {
    let fail = |what, trace, tally| Box::new(Failure { seed, what, trace, tally });
    let mut world = World::new(seed, setting).map_err(|what| fail(what, Vec::new(), Tally::default()))?;
    let lived = catch_unwind(AssertUnwindSafe(|| {
        world.live(setting.steps_max)?;
        world.come_to_rest()
    }));
    let became = lived.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(format!("a panic: {said}"))
    });
    world.sum_up();
    match became {
        Ok(()) => Ok(Simulated { digest: world.trace.digest(), tally: world.tally }),
        Err(what) => Err(fail(what, world.trace.lines(), world.tally)),
    }
}

//! Two devices write offline in one document. What they wrote in different places is merged by itself; what they wrote in one
//! place waits for a person, who decides on whichever device is at hand.

use draftkeep::clock::{ManualClock, SeededEntropy, TaskQueue};
use draftkeep::hub::{Hub, HubOptions};
use draftkeep::merge::{Policy, Rule};
use draftkeep::storage::MemoryStorage;
use draftkeep::sync::Syncer;
use draftkeep::{Draft, Drafts, Kind, Options, Schema, Store};
use draftkeep_memory::Network;
use futures_executor::block_on;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::sync::Arc;

/// What is written.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Post {
    title: String,
    body: String,
}

const POST: Kind<Post> = Kind::new("post");

/// A laptop or a phone.
struct Device {
    name: &'static str,
    posts: Drafts<Post>,
    syncer: Syncer,
}

impl Device {
    fn new(name: &'static str, hub: &Arc<Hub>, seed: u64) -> Result<Self, Box<dyn Error>> {
        let clock = Arc::new(ManualClock::new());
        let policy = Policy::builder().rule("/title", Rule::Manual).rule("/body", Rule::prose()).build()?;
        let options =
            Options::with_runtime(clock.clone(), Arc::new(TaskQueue::new()), Arc::new(SeededEntropy::new(seed)))
                .device(name)
                .schema(Schema::of(POST).policy(policy));
        let space = Store::in_memory(options)?.space("alice")?;
        let syncer = Syncer::new(&space, Network::new(hub.clone(), clock, seed));
        Ok(Self { name, posts: space.drafts(POST)?, syncer })
    }

    /// Both open the same slot, so that they mean the same draft without having met.
    fn draft(&self) -> Result<Draft<Post>, Box<dyn Error>> {
        Ok(self.posts.slot("night-train").resume_or_start(Post::default)?)
    }

    fn write(&self, change: impl FnOnce(&mut Post)) -> Result<(), Box<dyn Error>> {
        let mut edit = self.draft()?.edit()?;
        change(edit.doc());
        let _ = edit.save()?;
        self.show("wrote")
    }

    fn sync(&self) -> Result<(), Box<dyn Error>> {
        let report = block_on(self.syncer.once())?;
        let (pushed, merged, conflicts) = (report.pushed, report.merged, report.conflicts);
        self.show(&format!("synced (pushed {pushed}, merged {merged}, new conflicts {conflicts})"))
    }

    fn show(&self, did: &str) -> Result<(), Box<dyn Error>> {
        let Post { title, body } = self.draft()?.load()?;
        println!("  {:<6} {did}\n         {title:?}: {body:?}", self.name);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = HubOptions::with_runtime(Arc::new(ManualClock::new()), Arc::new(SeededEntropy::new(0)));
    let hub = Arc::new(Hub::open(Arc::new(MemoryStorage::new()), options)?);
    let (laptop, phone) = (Device::new("laptop", &hub, 1)?, Device::new("phone", &hub, 2)?);

    println!("They begin with the same text:");
    laptop.write(|post| {
        post.title = "Night train".into();
        post.body = "It rained. Nobody slept.".into();
    })?;
    laptop.sync()?;
    phone.sync()?;

    println!("Offline, both write in different sentences, and nobody has to decide anything:");
    laptop.write(|post| post.body = "It rained for hours. Nobody slept.".into())?;
    phone.write(|post| post.body.push_str(" Then the lamp went out."))?;
    laptop.sync()?;
    phone.sync()?;
    laptop.sync()?;
    assert_eq!(laptop.draft()?.load()?.body, "It rained for hours. Nobody slept. Then the lamp went out.");

    println!("Offline, both change the title:");
    laptop.write(|post| post.title = "Sleeper".into())?;
    phone.write(|post| post.title = "The last train".into())?;
    laptop.sync()?;
    phone.sync()?;
    laptop.sync()?;

    println!("Each goes on with its own, and both have both. It is settled on the laptop, where it did not begin:");
    let conflict = laptop.draft()?.conflict()?.ok_or("the phone's title came along")?;
    for side in conflict.theirs() {
        let Post { title, .. } = draftkeep::value::from_value(&side.value)?;
        println!("         beside it, from the {}: {title:?}", side.info.device.as_deref().unwrap_or("?"));
    }
    let mut decided = laptop.draft()?.load()?;
    decided.title = "The last sleeper".into();
    conflict.settle(&decided)?;
    laptop.sync()?;
    phone.sync()?;
    for device in [&laptop, &phone] {
        assert_eq!(device.draft()?.load()?.title, "The last sleeper");
        assert!(device.draft()?.conflict()?.is_none());
        let status = device.syncer.status()?;
        assert_eq!((status.pending, status.conflicts), (0, 0));
    }
    println!("Both have the same, and nothing is owed.");
    Ok(())
}

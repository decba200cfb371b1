//! Documents, and somebody who types into them.

use super::Outcome;
use super::random::{Random, Words};
use draftkeep::Drafts;
use serde::{Deserialize, Serialize};

/// A post as a blog has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Post {
    pub(crate) title: String,
    pub(crate) slug: String,
    pub(crate) body: String,
    pub(crate) tags: Vec<String>,
    pub(crate) published: bool,
}

/// Somebody with a vocabulary and a place in the text.
pub(crate) struct Typist {
    words: Words,
    random: Random,
    place: usize,
}

impl Typist {
    pub(crate) fn new(seed: u64) -> Self {
        Self { words: Words::new(), random: Random::new(seed), place: 0 }
    }

    /// A post whose JSON has about so many bytes.
    pub(crate) fn post(&mut self, bytes: usize) -> Post {
        let title: Vec<&str> = (0..6).map(|_| self.words.pick(&mut self.random)).collect();
        Post {
            slug: title.join("-"),
            title: title.join(" "),
            body: self.words.prose(&mut self.random, bytes.saturating_sub(180)),
            tags: vec!["travel".to_owned(), "winter".to_owned()],
            published: false,
        }
    }

    /// Inserts a few words, going on where the last ones ended, or sometimes elsewhere.
    ///
    /// Where the text has grown by some lines over `bytes`, as many are cut first: a text keeps its size.
    pub(crate) fn type_into(&mut self, body: &mut String, bytes: usize) {
        if body.len() > bytes + 240 {
            let from = self.random.below(body.len() - 240);
            body.replace_range(from..from + 240, "");
        }
        if self.random.below(12) == 0 {
            self.place = self.random.below(body.len());
        }
        self.place = self.place.min(body.len());
        for _ in 0..3 + self.random.below(4) {
            let word = self.words.pick(&mut self.random);
            body.insert(self.place, ' ');
            body.insert_str(self.place, word);
            self.place += word.len() + 1;
        }
    }
}

/// Begins a draft of each post, from so many threads at once: calls that come at the same time share a commit.
pub(crate) fn begin_all(drafts: &Drafts<Post>, posts: &[Post], threads: usize) -> Outcome {
    std::thread::scope(|scope| {
        let begin = move |share: &[Post]| -> Outcome {
            for post in share {
                drafts.start(post)?;
            }
            Ok(())
        };
        let shares = posts.chunks(posts.len().div_ceil(threads));
        let threads: Vec<_> = shares.map(|share| scope.spawn(move || begin(share))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
}

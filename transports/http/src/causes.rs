//! What errors say of what is behind them.

use std::error::Error;

/// An error with all its causes, each said once: some errors say in their own words what their cause says, too.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut said = vec![error.to_string()];
    for cause in std::iter::successors(error.source(), |error| (*error).source()) {
        let text = cause.to_string();
        if said.iter().any(|said| said.contains(&text)) {
            continue;
        }
        // The other way around: all of what was said, and more.
        if said.last().is_some_and(|last| text.contains(last.as_str())) {
            said.pop();
        }
        said.push(text);
    }
    said.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    #[derive(Debug)]
    struct Saying(&'static str, Option<Box<Saying>>);

    impl fmt::Display for Saying {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Saying {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as &(dyn Error + 'static))
        }
    }

    #[test]
    fn each_cause_is_said_once() {
        for (chain, expected) in [
            (vec!["it failed"], "it failed"),
            (vec!["it failed", "the disk is full"], "it failed: the disk is full"),
            (vec!["in use: a.redb (trace 1)", "in use: a.redb"], "in use: a.redb (trace 1)"),
            (vec!["in use: a.redb (trace 1)", "in use: a.redb", "locked"], "in use: a.redb (trace 1): locked"),
            (vec!["opening", "in use", "in use: by 7", "in use"], "opening: in use: by 7"),
        ] {
            let error = chain.iter().rev().fold(None, |cause, text| Some(Box::new(Saying(text, cause))));
            assert_eq!(causes(error.as_deref().expect("it says something")), expected);
        }
    }
}

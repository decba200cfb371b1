//! Which rule holds where in a document.

use super::rule::{Cut, MergeRule, Overlap, Rule};
use crate::value::{ParsePathError, Pattern, Value, ValueError};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The number of the algorithm: another result for the same values would need another number.
pub const ALGORITHM: u64 = 1;

/// Which rule holds where in a document; what nothing is said about is merged as [`Rule::Auto`] says.
///
/// Of two rules that fit a path the one that says a key where the other says `*` holds.
///
/// ```
/// use draftkeep::merge::{Policy, Rule};
///
/// let policy = Policy::builder()
///     .rule("/scenes", Rule::keyed("id"))
///     .rule("/scenes/*/title", Rule::Latest)
///     .rule("/views", Rule::Counter)
///     .build()?;
/// assert_eq!(Policy::from_json(&policy.to_json(), &[])?.digest(), policy.digest());
/// # Ok::<(), draftkeep::merge::PolicyError>(())
/// ```
#[derive(Clone)]
pub struct Policy {
    rules: Vec<(Pattern, Rule)>,
    tree: Node,
    digest: [u8; 32],
}

/// The rules below one step.
#[derive(Debug, Clone, Default)]
struct Node {
    rule: Option<Rule>,
    /// Whether there is a counter here or below.
    counts: bool,
    keys: BTreeMap<String, Node>,
    any: Option<Box<Node>>,
}

/// Collects the rules of a [`Policy`].
#[derive(Debug, Clone, Default)]
pub struct PolicyBuilder {
    rules: Vec<(String, Rule)>,
}

/// Why rules are no policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A path that is none.
    #[error("the path {path:?}: {source}")]
    Path {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        source: ParsePathError,
    },
    /// Two rules for one path.
    #[error("the path {path:?} has two rules")]
    Twice {
        /// The path.
        path: String,
    },
    /// Two rules fit the same paths, and neither is the closer one.
    #[error("{first:?} and {second:?} fit the same paths and neither is closer; say which rule holds for {both:?}")]
    Ambiguous {
        /// One path.
        first: String,
        /// The other.
        second: String,
        /// What a third rule would have to name.
        both: String,
    },
    /// A rule that is never asked, because one above it takes everything below as one value.
    #[error("nothing below {above:?} is merged by itself, so the rule for {path:?} would never be asked")]
    Unreachable {
        /// The rule's path.
        path: String,
        /// The path of the rule above.
        above: String,
    },
    /// A member that elements are matched by needs a name.
    #[error("the rule for {path:?} names no member")]
    NoMember {
        /// The rule's path.
        path: String,
    },
    /// A policy's text is no JSON that this library writes.
    #[error("a policy's text: {0}")]
    Text(#[from] ValueError),
    /// A policy's text that does not say what a policy says.
    #[error("a policy's text: {what}")]
    Form {
        /// What is wrong with it.
        what: String,
    },
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.rules.iter().map(|(pattern, rule)| (pattern.to_string(), rule))).finish()
    }
}

impl PolicyBuilder {
    /// Says which rule holds at a path, in which `*` stands for any key or element; `""` is the document itself.
    #[must_use]
    pub fn rule(mut self, path: impl Into<String>, rule: Rule) -> Self {
        self.rules.push((path.into(), rule));
        self
    }

    /// Checks the rules and makes a policy of them.
    ///
    /// # Errors
    ///
    /// See [`PolicyError`]; each names the paths concerned.
    pub fn build(self) -> Result<Policy, PolicyError> {
        let parse = |(path, rule): (String, Rule)| match path.parse::<Pattern>() {
            Ok(pattern) => Ok((pattern, rule)),
            Err(source) => Err(PolicyError::Path { path, source }),
        };
        let mut rules = self.rules.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        rules.sort_by_key(|(pattern, _)| pattern.to_string());
        for (number, (pattern, rule)) in rules.iter().enumerate() {
            let path = pattern.to_string();
            if rules[..number].iter().any(|(other, _)| *other == *pattern) {
                return Err(PolicyError::Twice { path });
            }
            if matches!(rule, Rule::Keyed(member) if member.is_empty()) {
                return Err(PolicyError::NoMember { path });
            }
            for (other, _) in &rules[..number] {
                if let Some(both) = unclear(other, pattern)
                    && !rules.iter().any(|(third, _)| third.to_string() == both)
                {
                    return Err(PolicyError::Ambiguous { first: other.to_string(), second: path, both });
                }
            }
        }
        let policy = Policy::new(rules);
        policy.rules.iter().try_for_each(|(pattern, _)| policy.check_reachable(pattern))?;
        Ok(policy)
    }
}

/// The path that two patterns both fit where neither is the closer one.
fn unclear(a: &Pattern, b: &Pattern) -> Option<String> {
    if a.len() != b.len() {
        return None;
    }
    let (mut a_closer, mut b_closer) = (false, false);
    let mut both = String::new();
    for (a, b) in a.keys().zip(b.keys()) {
        let step = match (a, b) {
            (Some(a), Some(b)) if a != b => return None,
            (Some(a), None) => {
                a_closer = true;
                Some(a)
            }
            (None, Some(b)) => {
                b_closer = true;
                Some(b)
            }
            (step, _) => step,
        };
        both.push('/');
        both.push_str(&step.map_or_else(|| "*".to_owned(), |key| crate::value::Segment::Key(key).to_string()));
    }
    (a_closer && b_closer).then_some(both)
}

impl Policy {
    /// Begins a policy.
    #[must_use]
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    fn new(rules: Vec<(Pattern, Rule)>) -> Self {
        let mut tree = Node::default();
        for (pattern, rule) in &rules {
            let counts = matches!(rule, Rule::Counter);
            tree.counts |= counts;
            let node = pattern.keys().fold(&mut tree, |node, key| {
                let node = match key {
                    Some(key) => node.keys.entry(key).or_default(),
                    None => node.any.get_or_insert_default(),
                };
                node.counts |= counts;
                node
            });
            node.rule = Some(rule.clone());
        }
        let mut policy = Self { rules, tree, digest: [0; 32] };
        policy.digest = *blake3::hash(&policy.to_json()).as_bytes();
        policy
    }

    /// A rule has to be asked somewhere: nothing above it may take everything below as one value.
    fn check_reachable(&self, pattern: &Pattern) -> Result<(), PolicyError> {
        let mut rules = self.root();
        let mut above = String::new();
        for key in pattern.keys() {
            if !rules.rule().descends() {
                return Err(PolicyError::Unreachable { path: pattern.to_string(), above });
            }
            above.push('/');
            if let Some(key) = key {
                rules = rules.member(&key);
                above.push_str(&crate::value::Segment::Key(key).to_string());
            } else {
                rules = rules.element();
                above.push('*');
            }
        }
        Ok(())
    }

    /// The rules with their paths, in the order of the paths.
    pub fn rules(&self) -> impl Iterator<Item = (&Pattern, &Rule)> {
        self.rules.iter().map(|(pattern, rule)| (pattern, rule))
    }

    /// Names the policy and the algorithm: BLAKE3 of [`to_json`](Self::to_json). Where two devices have the same digest
    /// and the same values, they make the same merge.
    #[must_use]
    pub const fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The policy as canonical JSON: `{"algorithm":1,"rules":[{"path":"/scenes","rule":"keyed","member":"id"}]}`, the
    /// rules in the order of their paths.
    ///
    /// `text` has the members `cut` (`lines`, `prose`, `words`) and `overlap` (`conflict`, `keep both`), `custom` has
    /// `name` and `version`.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let rule = |(pattern, rule): &(Pattern, Rule)| {
            let mut object = crate::value::Object::new();
            object.insert("path", Value::from(pattern.to_string()));
            object.insert("rule", Value::from(rule.name()));
            match rule {
                Rule::Keyed(member) => drop(object.insert("member", Value::from(member.as_str()))),
                Rule::Text(cut, overlap) => {
                    object.insert("cut", Value::from(name_in(&Cut::ALL, cut)));
                    object.insert("overlap", Value::from(name_in(&Overlap::ALL, overlap)));
                }
                Rule::Custom(rule) => {
                    object.insert("name", Value::from(rule.name()));
                    object.insert("version", Value::from(rule.version()));
                }
                _ => {}
            }
            Value::Object(object)
        };
        let members =
            [("algorithm", Value::from(ALGORITHM)), ("rules", Value::Array(self.rules.iter().map(rule).collect()))];
        let policy = Value::Object(members.into_iter().collect());
        // Only nesting and size are refused, and a policy has neither.
        policy.to_canonical().unwrap_or_default()
    }

    /// Reads what [`to_json`](Self::to_json) wrote. Rules of the application's own are found among `custom`.
    ///
    /// # Errors
    ///
    /// `Text` and `Form` where it is no such text, also where it names another algorithm or a rule that nobody knows; else
    /// those of [`build`](PolicyBuilder::build).
    pub fn from_json(json: &[u8], custom: &[Arc<dyn MergeRule>]) -> Result<Self, PolicyError> {
        let form = |what: String| PolicyError::Form { what };
        let document = Value::parse(json)?;
        let member = |name: &str| document.as_object().and_then(|object| object.get(name));
        let algorithm = member("algorithm").and_then(Value::as_number).and_then(crate::value::Number::as_u64);
        if algorithm != Some(ALGORITHM) {
            return Err(form(format!("its algorithm is {algorithm:?}; this release knows {ALGORITHM}")));
        }
        let rules = member("rules").and_then(Value::as_array).ok_or_else(|| form("it has no rules".to_owned()))?;
        let mut builder = Self::builder();
        for entry in rules {
            let text = |name: &str| {
                let text = entry.as_object().and_then(|object| object.get(name)).and_then(Value::as_str);
                text.ok_or_else(|| form(format!("a rule has no text {name:?}")))
            };
            let rule = match text("rule")? {
                "keyed" => Rule::keyed(text("member")?),
                "text" => {
                    let cut = find_in(&Cut::ALL, text("cut")?);
                    let overlap = find_in(&Overlap::ALL, text("overlap")?);
                    let (Some(cut), Some(overlap)) = (cut, overlap) else {
                        return Err(form("a rule for text has an unknown cut or overlap".to_owned()));
                    };
                    Rule::Text(cut, overlap)
                }
                "custom" => {
                    let (name, version) = (text("name")?, entry.as_object().and_then(|object| object.get("version")));
                    let version = version.and_then(Value::as_number).and_then(crate::value::Number::as_u64);
                    let found =
                        custom.iter().find(|rule| rule.name() == name && version == Some(rule.version().into()));
                    let missing = || form(format!("the rule {name:?} of version {version:?} is not known here"));
                    Rule::Custom(Arc::clone(found.ok_or_else(missing)?))
                }
                name => {
                    let plain = [
                        Rule::Auto,
                        Rule::Latest,
                        Rule::Sequence,
                        Rule::Set,
                        Rule::Counter,
                        Rule::Max,
                        Rule::Min,
                        Rule::Atomic,
                        Rule::Manual,
                    ];
                    let found = plain.into_iter().find(|rule| rule.name() == name);
                    found.ok_or_else(|| form(format!("there is no rule {name:?}")))?
                }
            };
            builder = builder.rule(text("path")?, rule);
        }
        builder.build()
    }

    /// Whether it has a counter, to which both sides may have added the same.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.tree.counts
    }

    pub(super) fn root(&self) -> Rules<'_> {
        Rules(vec![&self.tree])
    }
}

fn name_in<T: PartialEq>(names: &[(T, &'static str)], value: &T) -> &'static str {
    names.iter().find(|(other, _)| other == value).map_or("", |(_, name)| name)
}

fn find_in<T: Copy>(names: &[(T, &'static str)], name: &str) -> Option<T> {
    names.iter().find(|(_, other)| *other == name).map(|(value, _)| *value)
}

/// What a policy says about one place and what is below it; the closest first.
#[derive(Debug, Clone)]
pub(super) struct Rules<'p>(Vec<&'p Node>);

impl<'p> Rules<'p> {
    pub(super) fn rule(&self) -> &'p Rule {
        self.0.iter().find_map(|node| node.rule.as_ref()).unwrap_or(&Rule::Auto)
    }

    /// Whether there may be a counter here or below.
    pub(super) fn counts(&self) -> bool {
        self.0.iter().any(|node| node.counts)
    }

    pub(super) fn member(&self, key: &str) -> Self {
        let named = self.0.iter().filter_map(|node| node.keys.get(key));
        Self(named.chain(self.anywhere()).collect())
    }

    pub(super) fn element(&self) -> Self {
        Self(self.anywhere().collect())
    }

    fn anywhere(&self) -> impl Iterator<Item = &'p Node> {
        self.0.iter().filter_map(|node| node.any.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(rules: &[(&str, Rule)]) -> Result<Policy, PolicyError> {
        let add = |builder: PolicyBuilder, (path, rule): &(&str, Rule)| builder.rule(*path, rule.clone());
        rules.iter().fold(Policy::builder(), add).build()
    }

    #[test]
    fn the_empty_policy_is_the_one_that_revisions_name() {
        assert_eq!(Policy::default().to_json(), br#"{"algorithm":1,"rules":[]}"#);
    }

    #[test]
    fn the_closest_rule_holds() {
        let policy = build(&[
            ("/*", Rule::Auto),
            ("/a", Rule::Sequence),
            ("/*/*", Rule::Max),
            ("/a/*", Rule::Min),
            ("/*/b", Rule::Set),
            ("/a/b", Rule::Counter),
        ])
        .unwrap();
        let rule = |path: &[&str]| path.iter().fold(policy.root(), |rules, key| rules.member(key)).rule().name();
        let told = [rule(&[]), rule(&["x"]), rule(&["a"]), rule(&["x", "y"]), rule(&["x", "b"]), rule(&["a", "y"])];
        assert_eq!(told, ["auto", "auto", "sequence", "max", "set", "min"]);
        assert_eq!(rule(&["a", "b"]), "counter");
        assert_eq!(policy.root().member("a").element().rule().name(), "min", "no element is named b");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_paths_concerned() {
        use PolicyError::{Ambiguous, NoMember, Path, Twice, Unreachable};
        assert!(matches!(build(&[("a", Rule::Set)]), Err(Path { path, .. }) if path == "a"));
        assert!(matches!(build(&[("/a", Rule::Set), ("/a", Rule::Set)]), Err(Twice { path }) if path == "/a"));
        let both = build(&[("/a/*", Rule::Set), ("/*/b", Rule::Set)]);
        assert!(matches!(both, Err(Ambiguous { both, .. }) if both == "/a/b"));
        assert!(build(&[("/a/*", Rule::Set), ("/*/b", Rule::Set), ("/a/b", Rule::Set)]).is_ok());
        let below = build(&[("/a", Rule::Atomic), ("/a/b", Rule::Set)]);
        assert!(matches!(below, Err(Unreachable { above, .. }) if above == "/a"));
        assert!(matches!(build(&[("/a", Rule::keyed(""))]), Err(NoMember { .. })));
    }

    #[test]
    fn a_policy_is_read_as_it_was_written_in_any_order() {
        let rules = [
            ("/t", Rule::Text(Cut::Words, Overlap::KeepBoth)),
            ("/k", Rule::keyed("name")),
            ("/l", Rule::Latest),
            ("/k/*/n", Rule::Counter),
        ];
        let policy = build(&rules).unwrap();
        let read = Policy::from_json(&policy.to_json(), &[]).unwrap();
        assert_eq!((read.to_json(), read.digest()), (policy.to_json(), policy.digest()));
        let mut turned = rules;
        turned.reverse();
        assert_eq!(build(&turned).unwrap().digest(), policy.digest());
        for wrong in ["{}", r#"{"algorithm":2,"rules":[]}"#, r#"{"algorithm":1,"rules":[{"path":"/a","rule":"x"}]}"#] {
            assert!(matches!(Policy::from_json(wrong.as_bytes(), &[]), Err(PolicyError::Form { .. })), "{wrong}");
        }
    }
}

//! A search that cannot fail proves nothing: with each rule of a hub taken out, the simulator notices.

use draftkeep::hub::{Hub, HubOptions};
use draftkeep::storage::Storage;
use draftkeep::transport::{
    Answer, Ask, EraseOutcome, Outcome, Page, Reply, Request, Row, Standing, Target, Transport, TransportError,
};
use draftkeep_memory::{Setting, simulate};
use futures_core::future::BoxFuture;
use std::sync::Arc;

/// What the hub does wrong.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    /// Whatever main is expected, the one that is there is replaced.
    IgnoresExpectations,
    /// What a revision contains is not remembered.
    ForgetsWhatIsContained,
    /// Every position is confirmed: nobody learns that the hub was restored.
    ConfirmsEveryPosition,
    /// What is in conflict is acknowledged and not kept.
    AcknowledgesConflicts,
    /// That a draft is erased is acknowledged, and the draft stays.
    ErasesNothing,
}

#[derive(Debug)]
struct Broken {
    hub: Hub,
    wrong: Wrong,
}

impl Broken {
    fn opening(
        wrong: Wrong,
    ) -> impl Fn(Arc<dyn Storage>, HubOptions) -> draftkeep::Result<Arc<dyn Transport>> + Send + Sync {
        move |storage, options| Ok(Arc::new(Self { hub: Hub::open(storage, options)?, wrong }))
    }

    async fn rows(&self, space: &str, request: &Request) -> Result<Vec<Row>, TransportError> {
        let ask = Ask::Pull { after: 0, limit: 1_000 };
        let request = Request { space: space.to_owned(), hub: None, seen: None, ask, ..request.clone() };
        match self.hub.send(request).await?.reply {
            Reply::Page(Page { rows, .. }) => Ok(rows),
            _ => Ok(Vec::new()),
        }
    }

    async fn answer(&self, mut request: Request) -> Result<Answer, TransportError> {
        let rows = self.rows(&request.space, &request).await?;
        if let Wrong::ConfirmsEveryPosition = self.wrong {
            request.seen = None;
        }
        if let Ask::Push { pushes } = &mut request.ask {
            for push in pushes {
                let main = rows.iter().find(|row| row.draft == push.revision.draft()).map(|row| row.main.id);
                match (self.wrong, &mut push.target) {
                    (Wrong::IgnoresExpectations, Target::Main { expects }) => *expects = main,
                    (Wrong::ForgetsWhatIsContained, _) => push.contains.clear(),
                    _ => {}
                }
            }
        }
        if let (Wrong::ErasesNothing, Ask::Erase { markers }) = (self.wrong, &request.ask) {
            let reply = Reply::Erased(vec![EraseOutcome::Erased; markers.len()]);
            let answer = self.hub.send(Request { ask: Ask::Hello, ..request.clone() }).await?;
            return Ok(Answer { reply, ..answer });
        }
        let mut answer = self.hub.send(request).await?;
        if let (Wrong::AcknowledgesConflicts, Reply::Pushed(outcomes)) = (self.wrong, &mut answer.reply) {
            for outcome in outcomes.iter_mut().filter(|outcome| matches!(outcome, Outcome::Conflict { .. })) {
                *outcome = Outcome::Accepted { standing: Standing::Main };
            }
        }
        Ok(answer)
    }
}

impl Transport for Broken {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(self.answer(request))
    }
}

#[test]
fn with_each_rule_of_a_hub_taken_out_something_is_lost_or_does_not_come_to_rest() {
    for wrong in [
        Wrong::IgnoresExpectations,
        Wrong::ForgetsWhatIsContained,
        Wrong::ConfirmsEveryPosition,
        Wrong::AcknowledgesConflicts,
        Wrong::ErasesNothing,
    ] {
        let setting = Setting::default().hub(Broken::opening(wrong));
        let noticed = (0..400).find_map(|seed| simulate(seed, &setting).err());
        let failure = noticed.unwrap_or_else(|| panic!("nobody notices that the hub {wrong:?}"));
        println!("{wrong:?}: seed {}: {:.200}", failure.seed, failure.what);
    }
}

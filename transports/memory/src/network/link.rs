//! The way itself.

use super::course::Course;
use super::diary::{deltas, question, reply};
use super::{Diary, Fault, Faults, Passage, damage};
use crate::dice::Dice;
use draftkeep::clock::Clock;
use draftkeep::transport::{Answer, Ask, Request, Transport, TransportError, TransportErrorKind, WireError};
use futures_core::future::BoxFuture;
use futures_util::future::select;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

/// The way between one device and a hub, on which things go wrong as a seed says.
///
/// It is a [`Transport`] around any other, and keeps its contract: whatever was lost, cut short or altered is an error, and
/// an `Ok` is what the hub answered. Time is the clock's that it is given, chance is the seed's, so that the same calls have
/// the same fate in every run. Every request goes through the wire's bytes there and back.
///
/// Each request lets its caller wait twice, before the hub hears it and before the answer is handed over: what is dropped or
/// interleaved there is dropped or interleaved as on a real way. Clones are the same way.
///
/// ```
/// use draftkeep::clock::ManualClock;
/// use draftkeep::transport::{Answer, Request, Transport, TransportError, TransportErrorKind};
/// use draftkeep_memory::{Fault, Faults, Network};
/// use futures_core::future::BoxFuture;
/// use std::sync::Arc;
/// # use draftkeep::transport::{Ask, Position, Reply};
/// # use draftkeep::{HubId, TraceId};
///
/// /// Says hello to everybody.
/// #[derive(Debug)]
/// struct Doorman;
///
/// impl Transport for Doorman {
///     fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
///         let hub = HubId::from_bytes([7; 16]);
///         let position = Position::start(hub, &request.space);
///         Box::pin(async move { Ok(Answer { hub, position, reply: Reply::Welcome { confirmed: true } }) })
///     }
/// }
///
/// # let request = || Request { space: "alice".into(), device: None, trace: TraceId::from_bytes([0; 16]), hub: None, seen: None, ask: Ask::Hello };
/// let network = Network::new(Arc::new(Doorman), Arc::new(ManualClock::new()), 1);
/// assert!(futures_executor::block_on(network.send(request())).is_ok());
///
/// network.set_faults(Faults::none().with(Fault::Portal, 1_000));
/// let error = futures_executor::block_on(network.send(request())).unwrap_err();
/// assert!(matches!(error.kind(), TransportErrorKind::NotAHub { .. }));
/// assert_eq!(network.diary().count(Fault::Portal), 1);
/// ```
#[derive(Clone)]
pub struct Network {
    hub: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

struct State {
    faults: Faults,
    dice: Dice,
    online: bool,
    diary: Diary,
    /// Requests that arrive later than their senders waited for.
    underway: Vec<Underway>,
    /// The highest number that arrived.
    arrived: u64,
}

/// A request that nobody waits for any more.
struct Underway {
    number: u64,
    request: Request,
    /// So many others still pass it.
    passing: usize,
    fault: Fault,
}

impl Network {
    /// A way to this hub, on which nothing goes wrong yet.
    #[must_use]
    pub fn new(hub: Arc<dyn Transport>, clock: Arc<dyn Clock>, seed: u64) -> Self {
        let state = State {
            faults: Faults::none(),
            dice: Dice::new(seed),
            online: true,
            diary: Diary::default(),
            underway: Vec::new(),
            arrived: 0,
        };
        Self { hub, clock, state: Arc::new(Mutex::new(state)) }
    }

    /// Says what goes wrong from the next request on.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// Connects the device, or takes it off.
    pub fn set_online(&self, online: bool) {
        self.lock().online = online;
    }

    /// What happened so far.
    #[must_use]
    pub fn diary(&self) -> Diary {
        self.lock().diary.clone()
    }

    /// Lets every request arrive that is under way with nobody waiting for it.
    pub async fn deliver(&self) {
        while let Some(underway) = self.next_underway(usize::MAX) {
            self.arrive_late(underway).await;
        }
    }

    pub(crate) fn take_passages(&self) -> Vec<Passage> {
        self.lock().diary.take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happened(&self, fault: Fault) {
        self.lock().diary.happened(fault);
    }

    fn tell(&self, number: u64, what: String) {
        self.lock().diary.tell(number, what);
    }

    /// The first request under way whose time has come, after so many more have passed all of them.
    fn next_underway(&self, passed: usize) -> Option<Underway> {
        let mut state = self.lock();
        state.underway.iter_mut().for_each(|underway| underway.passing = underway.passing.saturating_sub(passed));
        let at = state.underway.iter().position(|underway| underway.passing == 0)?;
        Some(state.underway.remove(at))
    }

    async fn arrive_late(&self, underway: Underway) {
        let Underway { number, request, fault, .. } = underway;
        let asked = question(&request);
        let is_wait = matches!(request.ask, Ask::Wait { .. });
        let arriving = pin!(self.arrive(number, request));
        if is_wait {
            // The hub hears it, and nobody waits for what it waits for.
            let _ = select(arriving, pin!(once_more())).await;
            self.happened(fault);
            self.tell(number, format!("{asked} arrives with nobody waiting ({fault})"));
        } else if let Ok(answer) = arriving.await {
            self.happened(fault);
            self.tell(number, format!("{asked} arrives with nobody waiting ({fault}): {}", reply(&answer)));
        }
    }

    /// Lets the hub hear a request.
    async fn arrive(&self, number: u64, request: Request) -> Result<Answer, TransportError> {
        {
            let mut state = self.lock();
            if number < state.arrived {
                state.diary.happened(Fault::Overtaken);
            }
            state.arrived = state.arrived.max(number);
        }
        let deltas = deltas(&request);
        let answer = self.hub.send(request).await?;
        self.lock().diary.answered(&deltas, &answer);
        Ok(answer)
    }

    async fn carry(&self, mut sent: Sent<'_>) -> Result<Answer, TransportError> {
        let (number, delay, fault) = (sent.number, sent.course.delay, sent.course.fault);
        let asked = question(&sent.request);
        if let Some(delay) = delay {
            self.clock.sleep(delay).await;
            self.happened(Fault::Delayed);
        }
        once_more().await;
        let result = self.pass(&mut sent).await;
        sent.arrived = true;
        once_more().await;
        let became = match &result {
            Ok(answer) => reply(answer),
            Err(error) => error.to_string(),
        };
        let fault = fault.map(|fault| format!(" ({fault})")).unwrap_or_default();
        self.tell(number, format!("{asked}{fault}: {became}"));
        // What was sent earlier and let this one pass comes now, or after more of them.
        let mut passed = 1;
        while let Some(underway) = self.next_underway(passed) {
            self.arrive_late(underway).await;
            passed = 0;
        }
        result
    }

    /// One request on its course.
    async fn pass(&self, sent: &mut Sent<'_>) -> Result<Answer, TransportError> {
        if !self.lock().online {
            self.happened(Fault::Offline);
            return Err(TransportError::unreachable());
        }
        let Some(fault) = sent.course.fault else { return self.there_and_back(sent).await };
        match fault {
            Fault::LostRequest => self.happened(fault),
            Fault::Late => {
                let (number, request, passing) = (sent.number, sent.request.clone(), sent.course.passing);
                // Its own end is the first that passes it.
                self.lock().underway.push(Underway { number, request, passing: passing + 2, fault });
            }
            Fault::LostAnswer => {
                self.there_and_back(sent).await?;
                self.happened(fault);
            }
            Fault::Twice => {
                let first = self.there_and_back(sent).await?;
                let second = self.there_and_back(sent).await?;
                self.happened(fault);
                return Ok(if sent.course.dice.chance(500) { first } else { second });
            }
            Fault::CutRequest | Fault::AlteredRequest => {
                let bytes = sent.request.to_bytes().map_err(damaged)?;
                let bytes = match fault {
                    Fault::CutRequest => damage::cut(bytes, &mut sent.course.dice),
                    _ => damage::alter(bytes, &mut sent.course.dice),
                };
                self.happened(fault);
                // A hub that takes these bytes for a request would do something else than it was asked.
                let request = Request::from_bytes(&bytes).map_err(damaged)?;
                return self.arrive(sent.number, request).await;
            }
            Fault::CutAnswer | Fault::AlteredAnswer => {
                let bytes = self.there_and_back(sent).await?.to_bytes().map_err(damaged)?;
                let bytes = match fault {
                    Fault::CutAnswer => damage::cut(bytes, &mut sent.course.dice),
                    _ => damage::alter(bytes, &mut sent.course.dice),
                };
                self.happened(fault);
                return Answer::from_bytes(&bytes).map_err(damaged);
            }
            fault => {
                self.happened(fault);
                return Err(TransportError::new(refusal(fault)));
            }
        }
        Err(TransportError::unreachable())
    }

    /// A request arrives and its answer comes back, both as bytes.
    async fn there_and_back(&self, sent: &Sent<'_>) -> Result<Answer, TransportError> {
        let bytes = sent.request.to_bytes().map_err(damaged)?;
        let request = Request::from_bytes(&bytes).map_err(damaged)?;
        let bytes = self.arrive(sent.number, request).await?.to_bytes().map_err(damaged)?;
        Answer::from_bytes(&bytes).map_err(damaged)
    }
}

impl Transport for Network {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, TransportError>> {
        let (number, course) = {
            let mut state = self.lock();
            let State { faults, dice, diary, .. } = &mut *state;
            (diary.begin(), Course::draw(faults, dice))
        };
        let sent = Sent { network: self, number, request, course, arrived: false };
        Box::pin(self.carry(sent))
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("hub", &self.hub).finish_non_exhaustive()
    }
}

/// A request whose sender waits for it.
struct Sent<'a> {
    network: &'a Network,
    number: u64,
    request: Request,
    course: Course,
    /// Its fate is decided: dropping the future changes nothing any more.
    arrived: bool,
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        if self.arrived || !self.course.strays {
            return;
        }
        let (number, request, passing) = (self.number, self.request.clone(), self.course.passing);
        let mut state = self.network.lock();
        if state.online {
            state.underway.push(Underway { number, request, passing, fault: Fault::Stray });
        }
    }
}

/// What the device is told.
fn refusal(fault: Fault) -> TransportErrorKind {
    match fault {
        Fault::Portal => TransportErrorKind::NotAHub { what: "200 OK, <title>Welcome aboard</title>".to_owned() },
        Fault::Busy => TransportErrorKind::Unreachable { retry_after: Some(Duration::from_secs(30)) },
        Fault::Unauthorized => TransportErrorKind::Unauthorized,
        Fault::Forbidden => TransportErrorKind::Forbidden,
        Fault::TooLarge => TransportErrorKind::TooLarge,
        Fault::Upgrade => TransportErrorKind::Upgrade { newest: 1 },
        Fault::Redirected => TransportErrorKind::Redirected,
        _ => TransportErrorKind::Unreachable { retry_after: None },
    }
}

/// Bytes that are no message, or would be more than one may have: whatever was meant did not get through.
fn damaged(error: WireError) -> TransportError {
    let kind = match error {
        WireError::Limit { .. } => TransportErrorKind::TooLarge,
        _ => TransportErrorKind::Unreachable { retry_after: None },
    };
    TransportError::new(kind).because(error)
}

/// Lets others go first, once.
async fn once_more() {
    let mut is_first = true;
    poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

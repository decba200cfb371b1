//! One connection of a device: request by request, each with its trouble.

use super::dice::Dice;
use super::exchange::{Ended, Exchange, drip, send, stranger};
use super::message::Message;
use super::proxy::{Course, Proxy};
use super::trouble::Trouble;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// The longest that an answer is held back that comes in time, in milliseconds.
const DELAY_MS_MAX: usize = 60;

/// The longest that a server has a request before it is killed, in microseconds. Most questions are answered in a twentieth of it; a
/// push takes longer.
const KILL_US_MAX: usize = 8_000;

/// Hands on what comes, until somebody ends the connection or trouble does.
pub(crate) async fn serve(proxy: Proxy, mut client: TcpStream) {
    let mut upstream = None;
    loop {
        let request = tokio::select! {
            request = Message::read(&mut client) => request,
            () = proxy.not_open() => None,
        };
        let Some(request) = request else { return };
        let Course { number, trouble, mut dice, at_work } = proxy.draw();
        let mut exchange = Exchange { proxy: &proxy, client: &mut client, upstream: &mut upstream, request };
        let ended = match trouble {
            None => exchange.in_peace().await,
            Some(trouble) => {
                // What comes later, or befalls the server, is waited for before anybody says that nothing goes wrong any more.
                let _at_work = at_work.filter(|_| matches!(trouble, Trouble::Late | Trouble::Killed));
                let ended = exchange.in_trouble(trouble, &mut dice).await;
                let became = if matches!(ended, Ended::Unchanged) { ", which changed nothing" } else { "" };
                if !matches!(ended, Ended::Unchanged) {
                    proxy.lock().happened(trouble);
                }
                proxy.tell(number, &format!("{trouble}{became}"));
                ended
            }
        };
        if !matches!(ended, Ended::Answered) {
            return;
        }
    }
}

impl Exchange<'_> {
    async fn in_trouble(&mut self, trouble: Trouble, dice: &mut Dice) -> Ended {
        match trouble {
            // The door's business.
            Trouble::Refused => self.in_peace().await,
            Trouble::ClosedBefore => Ended::Closed,
            Trouble::CutRequest => {
                let part = self.request.clone().cut(dice);
                let Some(mut upstream) = self.proxy.connect().await else { return Ended::Unchanged };
                let written = upstream.write_all(&part.bytes).await.is_ok() && upstream.shutdown().await.is_ok();
                if written { Ended::Closed } else { Ended::Unchanged }
            }
            Trouble::ClosedAfter => match self.ask_for_trouble().await {
                Ok(_) => Ended::Closed,
                Err(ended) => ended,
            },
            Trouble::CutAnswer => match self.ask_for_trouble().await {
                Ok(answer) => self.say(&answer.cut(dice).bytes).await.closed(),
                Err(ended) => ended,
            },
            Trouble::Delayed => {
                let Some(answer) = self.ask().await else { return Ended::Unchanged };
                sleep(Duration::from_millis(5 + dice.below(DELAY_MS_MAX - 5) as u64)).await;
                self.say(&answer.bytes).await
            }
            Trouble::SwallowedRequest => self.given_up().await,
            Trouble::SwallowedAnswer => match self.ask_for_trouble().await {
                Ok(_) => self.given_up().await,
                Err(ended) => ended,
            },
            Trouble::Late => {
                self.given_up().await;
                let arrived = send(self.proxy, &self.request.bytes).await.is_some();
                if arrived { Ended::Closed } else { Ended::Unchanged }
            }
            Trouble::DrippedRequest => {
                let request = self.request.bytes.clone();
                let Some(mut upstream) = self.proxy.connect().await else { return Ended::Unchanged };
                if !drip(&mut upstream, &request, dice).await {
                    return Ended::Unchanged;
                }
                *self.upstream = Some(upstream);
                match self.hear().await {
                    Some(answer) => self.say(&answer.bytes).await,
                    None => Ended::Unchanged,
                }
            }
            Trouble::DrippedAnswer => {
                let Some(answer) = self.ask().await else { return Ended::Unchanged };
                if drip(self.client, &answer.bytes, dice).await { Ended::Answered } else { Ended::Unchanged }
            }
            Trouble::FlippedRequest => {
                self.request = self.request.clone().flipped(dice);
                if self.connect().await.is_none() {
                    return Ended::Unchanged;
                }
                match self.ask().await {
                    Some(answer) => self.say(&answer.bytes).await,
                    // It may wait for bytes that were never sent, and the device gives up.
                    None => Ended::Closed,
                }
            }
            Trouble::FlippedAnswer => match self.ask_for_trouble().await {
                // Where the length was altered the device ends the connection, or waits for what never comes.
                Ok(answer) => self.say(&answer.flipped(dice).bytes).await,
                Err(ended) => ended,
            },
            Trouble::Portal => self.say(&stranger("200 OK", "content-type: text/html\r\n")).await,
            Trouble::Elsewhere => {
                let status = ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"][dice.below(4)];
                self.say(&stranger(status, "location: http://127.0.0.1:9/sign-in\r\n")).await
            }
            Trouble::Unauthorized => self.refuse("401 Unauthorized", "", dice).await,
            Trouble::Forbidden => self.refuse("403 Forbidden", "", dice).await,
            Trouble::Busy => self.refuse("429 Too Many Requests", "retry-after: 2\r\n", dice).await,
            Trouble::Unavailable => {
                if dice.chance(500) && self.ask().await.is_none() {
                    return Ended::Unchanged;
                }
                self.refuse("503 Service Unavailable", "retry-after: 1\r\n", dice).await
            }
            Trouble::Twice => {
                let copy = self.request.bytes.clone();
                let proxy = self.proxy;
                let again = async {
                    let _at_work = proxy.at_work();
                    send(proxy, &copy).await
                };
                let (first, second) = tokio::join!(self.ask(), again);
                match (first, second) {
                    (Some(first), Some(second)) => self.say(&if dice.chance(500) { first } else { second }.bytes).await,
                    (Some(answer), None) => self.say(&answer.bytes).await.unchanged(),
                    (None, _) => Ended::Unchanged,
                }
            }
            Trouble::Again => {
                let earlier = self.proxy.lock().earlier_request(dice);
                let Some(answer) = self.ask().await else { return Ended::Unchanged };
                let _at_work = self.proxy.at_work();
                let arrived = match earlier {
                    Some(earlier) => send(self.proxy, &earlier).await.is_some(),
                    None => false,
                };
                let said = self.say(&answer.bytes).await;
                if arrived { said } else { said.unchanged() }
            }
            Trouble::Stale => {
                let earlier = self.proxy.lock().earlier_answer(dice);
                match earlier {
                    Some(earlier) => self.say(&earlier).await,
                    None => self.in_peace().await.unchanged(),
                }
            }
            Trouble::Killed => self.killed(dice).await,
        }
    }

    /// The server is killed at a moment when it has the request and has not answered it.
    async fn killed(&mut self, dice: &mut Dice) -> Ended {
        let at_most = if dice.chance(600) { KILL_US_MAX / 20 } else { KILL_US_MAX };
        let moment = Duration::from_micros(dice.below(at_most) as u64);
        let asked = tokio::select! {
            asked = self.ask() => asked,
            () = sleep(moment) => return if self.proxy.kill().await { Ended::Closed } else { Ended::Unchanged },
        };
        match asked {
            Some(answer) => self.say(&answer.bytes).await.unchanged(),
            None => Ended::Unchanged,
        }
    }
}

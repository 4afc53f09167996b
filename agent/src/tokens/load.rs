//! How loaded the tokens are, how they do, and which of them is asked first.
//!
//! Memory only: it decides where a request goes, never what it may do.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hsm_config::Name;

use super::{Pace, RequesterId, Tokens};

/// Tokens are alike when one is slower than the other by no more than this part: a quarter.
const ALIKE: u32 = 4;

/// What counts when a token is chosen.
struct Load<'a> {
    token: &'a Name,
    /// Whether it failed just now.
    is_doubtful: bool,
    /// When it would have answered the next request.
    wait: Duration,
    /// How many signatures it made.
    signed: u64,
}

impl Tokens {
    /// A token's signature was good, and took so long.
    pub fn signed(&self, token: &Name, service: Duration) {
        let all = self.signed.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(token) = self.tokens.get(token) {
            let mut state = token.state();
            state.pace.signed(service, all);
            state.pool.iter().for_each(|pool| pool.follow(state.pace.service));
        }
    }

    /// A token signed a probe.
    pub fn proved(&self, token: &Name) {
        if let Some(token) = self.tokens.get(token) {
            token.state().pace.proved();
        }
    }

    /// A token failed, or was away, which is no failure that lasts: for a while the others are asked first.
    pub fn mark_suspect(&self, token: &Name, why: Option<&str>) {
        if let Some(token) = self.tokens.get(token) {
            token.state().pace.failed(why, Instant::now());
        }
    }

    /// Whether a token failed just now.
    pub fn is_doubtful(&self, token: &Name) -> bool {
        self.tokens.get(token).is_some_and(|token| token.state().pace.is_doubtful(Instant::now()))
    }

    /// How a token does, and how many requests wait for it.
    pub fn pace(&self, token: &Name) -> Option<(Pace, usize)> {
        let state = self.tokens.get(token)?.state();
        Some((state.pace.clone(), state.waiting()))
    }

    /// A token's part of all signatures since the start, rounded to a thousandth.
    pub fn share(&self, token: &Name) -> Option<f64> {
        let all = self.signed.load(Ordering::Relaxed);
        let own = self.tokens.get(token)?.state().pace.signed;
        (all > 0).then(|| (own as f64 / all as f64 * 1e3).round() / 1e3)
    }

    /// Which of these tokens is asked first.
    pub fn best<'a>(
        &self,
        tokens: impl Iterator<Item = &'a Name>,
        requester: &RequesterId,
    ) -> Option<&'a Name> {
        let (now, all) = (Instant::now(), self.signed.load(Ordering::Relaxed));
        let load = |token: &'a Name| {
            let state = self.tokens.get(token)?.state();
            let service = state.pace.expected(all);
            let queue = state.pool.as_ref().map_or(Duration::ZERO, |pool| pool.wait(requester, service));
            let (is_doubtful, signed) = (state.pace.is_doubtful(now), state.pace.signed);
            Some(Load { token, is_doubtful, wait: queue + service, signed })
        };
        let loads: Vec<_> = tokens.filter_map(load).collect();
        first(&loads)
    }
}

/// One that did not fail just now, with the shortest wait; of those about as fast, the one that signed least.
fn first<'a>(loads: &[Load<'a>]) -> Option<&'a Name> {
    let best = loads.iter().min_by_key(|load| (load.is_doubtful, load.wait))?;
    let is_alike =
        |load: &&Load<'_>| load.is_doubtful == best.is_doubtful && load.wait <= best.wait + best.wait / ALIKE;
    loads.iter().filter(is_alike).min_by_key(|load| load.signed).map(|load| load.token)
}

#[cfg(test)]
mod tests;

//! What a host last said of its token, and whether somebody has to ask again.
//!
//! A survey is one host process's word: it is kept only while that process serves the token.

use hsm_config::Name;
use token::lane::{KeyReport, TokenReport};

use super::Tokens;

/// What a host last said of its token.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Which host process said it.
    pub generation: u64,
    /// The token.
    pub token: TokenReport,
    /// Every key with a label of Kunci's.
    pub keys: Vec<KeyReport>,
}

/// Whether somebody surveys the token, and how often it became ready: each time asks for one survey more.
#[derive(Default)]
pub(super) struct Due {
    ready: u64,
    is_under_way: bool,
}

impl Tokens {
    /// The host process that serves the token, and how often that became ready.
    pub fn served(&self, token: &Name) -> Option<(u64, u64)> {
        let state = self.tokens.get(token)?.state();
        state.serves(state.generation).then_some((state.generation, state.due.ready))
    }

    /// A token became ready, so a survey of it is due; whether nobody is at it.
    pub fn to_survey(&self, token: &Name, generation: u64) -> bool {
        let Some(entry) = self.tokens.get(token) else { return false };
        let mut state = entry.state();
        if !state.serves(generation) {
            return false;
        }
        state.due.ready += 1;
        !std::mem::replace(&mut state.due.is_under_way, true)
    }

    /// The survey that is due after the one of this number, while this host process serves the token. After `None` nobody
    /// is at it any more.
    pub fn survey_due(&self, token: &Name, generation: u64, done: u64) -> Option<u64> {
        let mut state = self.tokens.get(token)?.state();
        if state.generation != generation {
            return None;
        }
        state.due.is_under_way = state.serves(generation) && state.due.ready > done;
        state.due.is_under_way.then_some(state.due.ready)
    }

    /// The last survey, while the token is there.
    pub fn survey(&self, token: &Name) -> Option<Survey> {
        self.tokens.get(token)?.state().survey.clone()
    }

    /// Whether a token that is there holds such a key.
    pub fn hold(&self, is_such: impl Fn(&KeyReport) -> bool) -> bool {
        let holds = |survey: &Survey| survey.keys.iter().any(&is_such);
        self.tokens.values().any(|entry| entry.state().survey.as_ref().is_some_and(holds))
    }

    /// Keeps what a search told of the keys with this label, beside what the last survey of the same host process told of
    /// others.
    pub fn searched(&self, token: &Name, label: &str, found: &Survey) {
        let Some(entry) = self.tokens.get(token) else { return };
        let mut state = entry.state();
        let kept = state.survey.as_mut().filter(|kept| kept.generation == found.generation);
        let Some(kept) = kept else { return };
        kept.keys.retain(|key| key.label != label);
        kept.keys.extend(found.keys.iter().filter(|key| key.label == label).cloned());
    }

    /// Keeps a survey, while the host process that said it serves the token.
    pub fn surveyed(&self, token: &Name, survey: Survey) {
        let Some(entry) = self.tokens.get(token) else { return };
        let mut state = entry.state();
        if state.serves(survey.generation) {
            state.survey = Some(survey);
            state.reconnect.started();
        }
    }
}

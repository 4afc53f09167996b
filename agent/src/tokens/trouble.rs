//! What a client is told of a question that a token did not answer, and why that token is not served.
//!
//! The title names the token. Who asks for signatures hears a stable code and short words: files, modules and codes are none
//! of a service's business. An admin hears the host's own words, and while a host starts again those of the one before it:
//! a host that fails time after time is starting most of the time.

use api::Problem;
use axum::http::StatusCode;
use hsm_config::Name;
use token::control::HostState;
use token::lane::Fault;

use super::{AskError, State, Tokens};
use crate::keys::readiness::Reason;

/// When to come again after a message's date was refused, in seconds: as long as a clock that was moved has to hold still.
const UNTIMELY_AGAIN_S: u32 = 3;
/// Where an operator finds the host's own words.
const OPERATOR: &str = "The operator sees why in `kunci token list`.";

impl Tokens {
    /// What an admin is told of a question to this token.
    pub fn told(&self, token: &Name, error: &AskError) -> Problem {
        let problem = error.told(Some(token));
        let told = match error {
            AskError::Gone | AskError::Fault(Fault::Starting) => self.trouble(token),
            AskError::Fault(Fault::KeyMissing | Fault::KeyMismatch | Fault::Touch) => None,
            // What is wrong with the whole token its host says with what to do about it.
            AskError::Fault(fault) => self.trouble(token).or_else(|| Some(fault.to_string())),
            _ => None,
        };
        Problem { detail: told.unwrap_or(problem.detail), ..problem }
    }

    /// Why a token is not served, in its host's words: this one's, or while it starts those of the one before.
    pub fn trouble(&self, token: &Name) -> Option<String> {
        let trouble = self.tokens.get(token)?.state().trouble.clone()?;
        match trouble {
            HostState::Starting | HostState::Ready { .. } => None,
            HostState::Locked => Some(format!("It waits for its PIN: run `kunci token unlock {token}`.")),
            HostState::Missing(why)
            | HostState::Latched(why)
            | HostState::NoPin(why)
            | HostState::Refused(why)
            | HostState::Failed(why) => Some(why),
        }
    }

    /// What a caller is told of a connector that has no key to sign with.
    pub fn inactive(&self, why: Reason) -> Problem {
        let Reason::TokenAway(token) = &why else { return why.into() };
        let trouble = self.tokens.get(token).and_then(|token| token.state().trouble.clone());
        let problem: Problem = why.into();
        Problem { detail: format!("{}: {}", problem.detail, short(trouble.as_ref())), ..problem }
    }
}

impl State {
    /// Keeps in mind why the token is not served, until it is.
    pub(super) fn remember(&mut self, host: &HostState) {
        match host {
            HostState::Starting => {}
            HostState::Ready { .. } => self.trouble = None,
            host => self.trouble = Some(host.clone()),
        }
    }
}

/// A token's trouble in a service's words.
fn short(trouble: Option<&HostState>) -> String {
    let what = match trouble {
        None | Some(HostState::Starting | HostState::Ready { .. }) => {
            return "its host is starting. Try again.".into();
        }
        Some(HostState::Missing(_)) => "it is not there",
        Some(HostState::Locked | HostState::Latched(_) | HostState::NoPin(_)) => "it is not logged in",
        Some(HostState::Refused(_)) => "it is not served as it is",
        Some(HostState::Failed(_)) => "its host fails",
    };
    format!("{what}. {OPERATOR}")
}

impl AskError {
    /// What a caller is told, of this token where it is known which.
    pub fn told(&self, token: Option<&Name>) -> Problem {
        let token = token.map_or_else(|| "The token".to_owned(), |name| format!("The token {name}"));
        let unavailable = |detail: String| {
            Problem::unavailable("token-unavailable", format!("{token} is not available"), detail)
        };
        let person = |what: &str| unavailable(format!("{what} {OPERATOR}"));
        match self {
            Self::Busy(seconds) => {
                let detail = "Too many requests wait. Try again, less often.";
                Problem::unavailable("token-busy", format!("{token} is busy"), detail).retry_after(*seconds)
            }
            Self::Gone => person("Its host is not there, or went. Try again."),
            Self::Fault(Fault::Starting) => unavailable("Its host is starting. Try again.".into()),
            Self::Deadline => unavailable("It took too long, and its host is restarted. Try again.".into()),
            Self::Fault(Fault::Broken(_)) => {
                unavailable("Its module failed, and its host is restarted. Try again.".into())
            }
            Self::Fault(Fault::TokenMissing(_) | Fault::TokenAmbiguous(_)) => person("It is not there."),
            Self::Fault(Fault::Locked | Fault::Latched(_) | Fault::PinSource(_) | Fault::NoUserPin(_)) => {
                person("It is not logged in.")
            }
            Self::Fault(Fault::KeyMissing | Fault::KeyMismatch) => unavailable(
                "The connector's pinned key is not on it. The operator sees why in `kunci token check`."
                    .into(),
            ),
            Self::Fault(Fault::Device(_)) => unavailable("It failed. Try again.".into()),
            Self::Fault(Fault::Touch) => {
                unavailable("Nobody touched it in time. Try again, and touch it.".into())
            }
            Self::Fault(Fault::Untimely(_)) => {
                let title = format!("{token} finds the message's date too old or too new");
                let detail = "Try again. The agent's log has its date and the host's clock.";
                Problem::unavailable("message-untimely", title, detail).retry_after(UNTIMELY_AGAIN_S)
            }
            Self::Fault(Fault::Refused(_)) => person("It is not served as it is."),
            Self::Fault(Fault::Slot(_)) => {
                Problem::conflict("no-slot", format!("{token} did not make the key"), OPERATOR)
            }
            Self::Fault(Fault::OtherCertificate(_)) => {
                let title = format!("{token} has another certificate in the key's place");
                Problem::conflict("certificate-in-the-way", title, OPERATOR)
            }
            Self::Fault(Fault::ManagementKey(_)) => {
                let title = format!("{token} cannot be written: its management key cannot be used");
                Problem::conflict("management-key", title, OPERATOR)
            }
            _ => {
                let title = format!("{token} cannot do this");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Problem::new(status, "token-failed", title, "The agent's log says why.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use token::lane::Work;

    fn tokens(states: &[HostState]) -> (Tokens, Name) {
        let text = include_str!("../supervisor/resolve/trial.toml");
        let config = hsm_config::Config::parse(text, std::path::Path::new("/k/kunci.toml")).unwrap();
        let name = config.tokens.keys().next().unwrap().clone();
        let tokens = Tokens::new(&config, tokio::sync::mpsc::unbounded_channel().0);
        states.iter().for_each(|state| tokens.host_changed(&name, 0, state.clone()));
        (tokens, name)
    }

    #[tokio::test]
    async fn an_admin_hears_the_last_hosts_reason_while_the_next_one_starts() {
        let failed = HostState::Failed("libmaker.so does not load".into());
        let (tokens, name) = tokens(&[failed, HostState::Starting]);
        let error = tokens.ask(&name, Work::Survey { from: 0 }).await.unwrap_err();
        let told = tokens.told(&name, &error);
        assert_eq!(
            (told.code.as_str(), told.detail.as_str()),
            ("token-unavailable", "libmaker.so does not load")
        );
        assert!(told.title.contains(name.as_str()), "{}", told.title);
    }

    #[test]
    fn a_service_hears_which_token_and_in_short_why_and_none_of_the_hosts_words() {
        let (tokens, name) = tokens(&[HostState::Missing("no token matches pkcs11:token=secret".into())]);
        let told = tokens.inactive(Reason::TokenAway(name.clone()));
        assert!(
            told.detail.contains(name.as_str()) && told.detail.contains("it is not there"),
            "{}",
            told.detail
        );
        assert!(!told.detail.contains("secret"), "{}", told.detail);
        let faults = [
            Fault::TokenMissing,
            Fault::TokenAmbiguous,
            Fault::Latched,
            Fault::PinSource,
            Fault::Slot,
            Fault::OtherCertificate,
            Fault::ManagementKey,
            Fault::Refused,
            Fault::Broken,
            Fault::Device,
            Fault::Permanent,
            Fault::Untimely,
        ];
        for fault in faults.map(|fault| fault("pkcs11:token=secret".into())) {
            let told = AskError::Fault(fault.clone()).told(Some(&name));
            assert!(!format!("{} {}", told.title, told.detail).contains("secret"), "{fault:?}: {told:?}");
            let admin = tokens.told(&name, &AskError::Fault(fault));
            assert!(admin.detail.contains("secret"), "an admin hears the host's own words: {admin:?}");
        }
    }

    #[test]
    fn what_a_token_was_once_is_forgotten_when_it_is_served() {
        let ready = HostState::Ready { serial: "1".into() };
        let (tokens, name) = tokens(&[HostState::Failed("it was broken".into()), ready, HostState::Starting]);
        assert_eq!(tokens.trouble(&name), None);
    }
}

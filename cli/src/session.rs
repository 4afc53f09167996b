//! A connection for a command: to the agent that runs, or to a private one that is started for it.
//!
//! A private agent is stopped in order however the command ends, and its tokens are waited for before it begins.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use crate::client::{self, Client};
use crate::failure::Failure;
use crate::paths::{Paths, Socket};
use crate::print::Printer;
use crate::private::PrivateAgent;
use crate::wait_ready::WaitReady;

/// What a command is about; its tokens are waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Concern<'a> {
    /// No token.
    Nothing,
    /// One token.
    Token(&'a str),
    /// The tokens of one connector.
    Connector(&'a str),
    /// Every token.
    All,
}

/// A command's surroundings.
pub(crate) struct Session<'a> {
    /// Where things are.
    pub(crate) paths: &'a Paths,
    /// How to print.
    pub(crate) print: &'a Printer,
}

impl<'a> Session<'a> {
    pub(crate) fn new(paths: &'a Paths, print: &'a Printer) -> Self {
        Self { paths, print }
    }

    /// Works with the admins' socket of the agent that runs: a private one would know nothing of it.
    pub(crate) async fn running<T, E: Into<Failure>>(
        &self,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, E>,
    ) -> Result<T, Failure> {
        let mut client = Client::connect(&self.paths.admin_socket()?.path).await?;
        work(&mut client).await.map_err(Into::into)
    }

    /// Works with the admins' socket of the agent, or of a private one where none runs.
    pub(crate) async fn admin<T, E: Into<Failure>>(
        &self,
        concern: Concern<'_>,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, E>,
    ) -> Result<T, Failure> {
        self.at(self.paths.admin_socket()?, concern, work).await
    }

    /// Works with the callers' socket of the agent, or with a private one where none runs and we may start it.
    pub(crate) async fn reader<T, E: Into<Failure>>(
        &self,
        concern: Concern<'_>,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, E>,
    ) -> Result<T, Failure> {
        let mut socket = self.paths.agent_socket()?;
        // A service that cannot read the configuration could not start an agent either.
        socket.named |= self.paths.config().is_err();
        self.at(socket, concern, work).await
    }

    async fn at<T, E: Into<Failure>>(
        &self,
        socket: Socket,
        concern: Concern<'_>,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, E>,
    ) -> Result<T, Failure> {
        match Client::connect(&socket.path).await {
            Ok(mut client) => match work(&mut client).await.map_err(Into::into) {
                Err(failure) => Err(client::naming(failure, &mut client).await),
                done => done,
            },
            Err(nobody) if nobody.is_nobody() && !socket.named => self.private(concern, work).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn private<T, E: Into<Failure>>(
        &self,
        concern: Concern<'_>,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, E>,
    ) -> Result<T, Failure> {
        self.paths.config()?;
        let agent = {
            let _starting = self.print.spinner("no agent runs; starting a private one");
            PrivateAgent::start(self.paths.config_path()).await?
        };
        self.print.note("no agent runs: a private one answers, for the length of this command");
        let done = unless_interrupted(async {
            let mut client = Client::connect(&agent.admin_socket()).await?;
            WaitReady::new(self, concern)?.wait(&mut client, &agent.admin_socket()).await?;
            work(&mut client).await.map_err(Into::into)
        });
        let result = done.await;
        agent.stop().await;
        result
    }
}

/// Gives up at SIGINT and SIGTERM, so that what was started is stopped.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        result = work => result,
        _ = interrupt.recv() => Err(interrupted()),
        _ = terminate.recv() => Err(interrupted()),
    }
}

fn interrupted() -> Failure {
    Failure::unavailable("interrupted", "Interrupted", "Run it again: it carries on where it stopped.")
}

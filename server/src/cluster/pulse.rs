//! The pulse: asks every few seconds whether the API answers. A watch alone would not tell: a connection that was cut
//! without a word looks like a cluster in which nothing happens.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::connect::Connector;
use super::watch::root_cause;
use super::{Report, Silence};
use crate::clock::now;

/// Between two questions while the API answers.
const CALM: Duration = Duration::from_secs(2);
/// Between two questions while it does not.
const ANXIOUS: Duration = Duration::from_millis(500);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks until its receiver is gone.
pub async fn run(connector: Arc<Connector>, reports: mpsc::Sender<Report>) {
    let connections = connector.subscribe();
    let mut answers = true;
    loop {
        let client = connections.borrow().client.clone();
        let asked = now();
        let answer = ask(client).await;
        let alive = matches!(answer, Answer::Alive);
        if alive && !answers {
            info!("the API answers again");
        } else if !alive && answers {
            warn!(problem = answer.text(), "the API does not answer");
        }
        if alive != answers {
            let silence = || Silence { problem: answer.text().to_owned(), since: connector.alive_at() };
            let pulse = if alive { Ok(()) } else { Err(silence()) };
            if reports.send(Report::Pulse(pulse)).await.is_err() {
                return;
            }
        }
        if alive {
            connector.was_alive(asked);
        }
        if alive && !answers {
            // Told first, so that every watch's list comes after it.
            connector.restart().await;
            connector.answers_again();
        }
        answers = alive;
        sleep(if alive { CALM } else { ANXIOUS }).await;
        if reports.is_closed() {
            return;
        }
    }
}

enum Answer {
    /// Any HTTP answer counts, also a refusal: somebody is there.
    Alive,
    Timeout,
    Failed(String),
}

impl Answer {
    fn text(&self) -> &str {
        match self {
            Self::Alive => "",
            Self::Timeout => "no answer within 3 s",
            Self::Failed(problem) => problem,
        }
    }
}

async fn ask(client: Client) -> Answer {
    let Ok(request) = http::Request::get("/version").body(Vec::new()) else {
        return Answer::Failed("the request could not be made".to_owned());
    };
    match timeout(PATIENCE, client.request_text(request)).await {
        Ok(Ok(_) | Err(kube::Error::Api(_))) => Answer::Alive,
        Ok(Err(error)) => Answer::Failed(root_cause(&error)),
        Err(_elapsed) => Answer::Timeout,
    }
}

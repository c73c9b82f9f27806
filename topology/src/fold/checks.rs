//! What the cluster's DNS says when it is asked: which questions there are, and what came of them.

use serde::{Deserialize, Serialize};

use super::{Batch, Delta, Topology};
use crate::board::{Board, Change, EndpointView, ServiceView};
use crate::dns::QueryType;
use crate::dns::observed::{Observed, Old, Question, Told};
use crate::{SetKey, Timestamp};

/// A question that is worth asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The namespace of the Service that it is about.
    pub namespace: String,
    /// The Service.
    pub service: String,
    /// The question.
    pub question: Question,
    /// What is known to have been right before, the latest last.
    pub old: Vec<Old>,
    /// What the board knows of it.
    pub known: Option<Observed>,
}

impl Wanted {
    /// Whether the board does not show what the cluster's DNS says.
    pub fn is_open(&self) -> bool {
        self.known.as_ref().is_none_or(|known| known.said.is_none())
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The namespace of the Service that it is about.
    pub namespace: String,
    /// The Service.
    pub service: String,
    /// What was held to be right when it was asked.
    pub expected: Told,
    /// What is known now.
    pub observed: Observed,
}

impl Topology {
    /// The questions about the names that a board shows: those of its first identities, and of its Services.
    pub fn questions(&self, set: &SetKey, identities: usize) -> Vec<Wanted> {
        let Some(board) = self.board(set) else { return Vec::new() };
        let zone = self.directory().zone();
        let lanes = board.lanes.iter().take(identities);
        let labels: Vec<String> = lanes.map(|lane| set.pod_name(lane.ordinal)).collect();
        let of_service = |service: &ServiceView| {
            let own = if service.governs { labels.as_slice() } else { &[] };
            self.wanted(set, service, service.questions(&set.namespace, zone, own))
        };
        board.services.iter().flat_map(of_service).collect()
    }

    /// The questions about the names of some endpoints of a Service.
    pub fn questions_of(&self, set: &SetKey, service: &str, labels: &[String]) -> Vec<Wanted> {
        let service = self.board(set).and_then(|board| board.service(service));
        let questions = service.map(|service| {
            let questions = service.questions_of_labels(&set.namespace, self.directory().zone(), labels);
            self.wanted(set, service, questions)
        });
        questions.unwrap_or_default()
    }

    fn wanted(&self, set: &SetKey, service: &ServiceView, questions: Vec<Question>) -> Vec<Wanted> {
        let zone = self.directory().zone();
        let wanted = questions.into_iter().map(|question| {
            let known = service.observed.binary_search_by(|observed| observed.question.cmp(&question));
            Wanted {
                namespace: set.namespace.clone(),
                service: service.name.clone(),
                old: service.old_answers(&set.namespace, zone, &question),
                known: known.ok().map(|at| service.observed[at].clone()),
                question,
            }
        });
        wanted.collect()
    }

    /// Takes what came of questions. What was asked under another expectation than that of now says nothing, but that
    /// nothing is known.
    pub fn check(&mut self, at: Timestamp, checks: impl IntoIterator<Item = Check>) -> Option<Delta> {
        let mut batch = Batch::new(self, at);
        for check in checks {
            batch.take_check(check);
        }
        batch.finish()
    }
}

impl Batch<'_> {
    fn take_check(&mut self, Check { namespace, service, expected, observed }: Check) {
        let question = &observed.question;
        let right = self.topology.directory().answer(&question.name, QueryType::Records(question.kind));
        if observed.said.is_some() && !expected.says(&Told::from(&right)) {
            return;
        }
        let first = SetKey::new(namespace.as_str(), "");
        let boards = self.topology.boards.range(first..).take_while(|(key, _)| key.namespace == namespace);
        let knows = |board: &Board| {
            board.service(&service).is_some_and(|service| {
                let known = service.observed.iter().find(|known| known.question == observed.question);
                known.map_or(observed.said.is_some(), |known| *known != observed)
            })
        };
        let keys: Vec<SetKey> = boards.filter(|(_, board)| knows(board)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            let observed = Box::new(observed.clone());
            self.step(&key, Change::Observed { service: service.clone(), observed });
        }
    }
}

/// Endpoints of a Service that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// A StatefulSet on whose board it is seen.
    pub set: SetKey,
    /// The Service.
    pub service: String,
    /// The labels of their names.
    pub labels: Vec<String>,
}

impl Delta {
    /// The endpoints that changed, one by one: where a slice came, went or changed as a whole there may be thousands.
    pub fn touched(&self) -> impl Iterator<Item = Touched> {
        self.boards.iter().flat_map(|(set, changes)| {
            changes.iter().filter_map(|change| {
                let Change::Endpoints { service, gone, come, .. } = change else { return None };
                let mut labels: Vec<String> = gone.iter().chain(come).flat_map(EndpointView::labels).collect();
                labels.sort();
                labels.dedup();
                Some(Touched { set: set.clone(), service: service.clone(), labels })
            })
        })
    }
}

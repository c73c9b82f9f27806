//! How fast the cluster lives.

use std::time::Duration;

/// How long things take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// From a pod's creation until it has its node.
    pub schedule: Duration,
    /// From a pod's coming to its node until its containers are being created.
    pub create: Duration,
    /// From there until a container runs.
    pub start: Duration,
    /// From a pod's deletion until it is gone, on a quick node.
    pub stop: Duration,
    /// The same on a slow one: every second node.
    pub slow_stop: Duration,
    /// How much faster everything else is that takes its time: waiting after failures, noticing that a node is gone.
    pub speed: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            schedule: Duration::from_millis(400),
            create: Duration::from_millis(500),
            start: Duration::from_millis(1_100),
            stop: Duration::from_millis(1_200),
            slow_stop: Duration::from_millis(5_500),
            speed: 1.0,
        }
    }
}

/// How long a node may be silent.
const NODE_GRACE: Duration = Duration::from_secs(40);

impl Pace {
    /// So many times as fast.
    #[must_use]
    pub fn times(self, speed: f64) -> Self {
        let faster = |time: Duration| divide(time, speed);
        Self {
            schedule: faster(self.schedule),
            create: faster(self.create),
            start: faster(self.start),
            stop: faster(self.stop),
            slow_stop: faster(self.slow_stop),
            speed: self.speed * speed,
        }
    }

    /// What takes so long in a real cluster.
    pub fn scaled(&self, time: Duration) -> Duration {
        divide(time, self.speed)
    }

    /// How long a node may be silent before it counts as gone.
    pub fn node_grace(&self) -> Duration {
        self.scaled(NODE_GRACE)
    }
}

fn divide(time: Duration, by: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() / by).unwrap_or(time)
}

-- Every step of the topology, in segments, so that any moment can be shown again. BLOB is BYTEA where that is its name.

-- A run's steps in order. Whoever begins with a segment that is `based` and takes every step of it and of those after it
-- has the states of the cluster as they were.
CREATE TABLE segments (
    cluster TEXT NOT NULL,
    run BIGINT NOT NULL,
    number BIGINT NOT NULL,    -- within the run, from 0 on
    began BIGINT NOT NULL,     -- when its first step was taken
    until BIGINT NOT NULL,     -- and its last one
    based BIGINT NOT NULL,     -- 1 when the state before it is in `snapshot`, or was empty (NULL); else 0
    events BIGINT NOT NULL,
    bytes BIGINT NOT NULL,     -- of snapshot and content
    snapshot BLOB,
    content BLOB NOT NULL,
    PRIMARY KEY (cluster, run, number)
);
CREATE INDEX segments_by_time ON segments (cluster, began, run, number);
CREATE INDEX segments_by_end ON segments (cluster, until);

-- When the board of a StatefulSet changed within a segment.
CREATE TABLE marks (
    cluster TEXT NOT NULL,
    run BIGINT NOT NULL,
    number BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    statefulset TEXT NOT NULL,
    began BIGINT NOT NULL,     -- the first of them
    until BIGINT NOT NULL,     -- the last of them
    times BLOB NOT NULL,       -- all of them
    PRIMARY KEY (cluster, run, number, namespace, statefulset),
    FOREIGN KEY (cluster, run, number) REFERENCES segments (cluster, run, number) ON DELETE CASCADE
);
CREATE INDEX marks_by_set ON marks (cluster, namespace, statefulset, began);
CREATE INDEX marks_by_end ON marks (cluster, namespace, statefulset, until);

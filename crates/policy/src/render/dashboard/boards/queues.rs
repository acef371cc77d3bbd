//! The queues of applications: what waits, for how long, and who works on it.

use crate::render::dashboard::spec::Unit::{Count, PerSecond, Ratio, Seconds};

board! {
    "queues", "Queues",
    "Jobs that wait, workers, failed jobs, and channels near their capacity.";

    "Jobs" {
        graph("sizes", "Jobs that wait", Count, "Jobs in each queue that no worker has taken, in the lists of all \
            priorities.")
            .alerts("{{target}} {{queue}}");
        graph("oldest", "Wait of the next job", Seconds, "How long the job that is next has waited, where the kind of queue \
            tells it.")
            .alerts("{{target}} {{queue}}");
        graph("growth", "Growth", PerSecond, "How many jobs come in beyond those that are taken, a second; below 0 the \
            queue drains.")
            .alerts("{{target}} {{queue}}");
    }
    "Work" {
        graph("workers", "Workers", Count, "Workers of each queue, where they can be told: nothing is shown where a worker \
            of Celery may wait for any of several queues.")
            .query("queue_workers{@target}", "{{target}} {{queue}}");
        graph("unacked", "Jobs in work", Count, "Jobs that workers have taken and not finished. What Celery holds for several \
            queues together is __all__.")
            .query("queue_unacked{@target}", "{{target}} {{queue}}");
        graph("prefetch", "Hands full", Ratio, "Unacknowledged jobs as a part of what the workers of the queue may hold. At \
            100 % they take no more until one is done.")
            .alerts("{{target}} {{queue}}")
            .may_be_empty("no broker is watched that limits what workers hold");
        graph("failed", "Failed jobs", Count, "Failed jobs that the queue still keeps.")
            .query("queue_failed{@target}", "{{target}} {{queue}}");
    }
    "Channels" {
        graph("capacity", "Fill of channels and bounded queues", Ratio, "Messages as a part of what the channel holds. Of all \
            processes of an application the fullest one is shown. At 100 % what is sent is dropped.")
            .alerts("{{target}} {{queue}}");
        graph("groups", "Channels in groups", Count, "Channels in each group, and those of them that are full.")
            .query("redis_channel_group_channels{@target}", "{{target}} {{group}}")
            .query("redis_channel_group_full_channels{@target}", "{{target}} {{group}} full");
    }
}

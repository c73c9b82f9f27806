use super::*;

fn container(image: &str, role: Role, restart: Restart) -> Container {
    let spec = Spec { name: "nginx".to_owned(), image: Some(image.to_owned()), ..Spec::default() };
    Container::new(&spec, role, restart, "web-0_default(u)".to_owned())
}

/// What is seen of a container from one step to the next.
fn life(mut container: Container, steps: usize) -> Vec<String> {
    let pace = Pace::default();
    let mut now = Instant::now();
    container.create(now, &pace);
    let mut seen = Vec::new();
    for _ in 0..steps {
        let status = container.status(now, false);
        let state = status.state.unwrap_or_default();
        let word = state.waiting.and_then(|it| it.reason);
        let word = word.or(state.running.map(|_| "Running".to_owned()));
        let word = word.or(state.terminated.and_then(|it| it.reason)).unwrap_or_default();
        seen.push(format!("{word} {}", status.restart_count));
        let Some(due) = container.due() else { break };
        now = due;
        container.advance(now, &pace);
    }
    seen
}

#[test]
fn given_images_when_run_then_each_lives_as_its_tag_says() {
    let table: [(&str, Role, Restart, &[&str]); 7] = [
        ("nginx:1.9.1", Role::Main, Restart::Always, &["ContainerCreating 0", "Running 0"]),
        ("localhost:5000/nginx", Role::Main, Restart::Always, &["ContainerCreating 0", "Running 0"]),
        ("setup:1", Role::Init, Restart::Always, &["ContainerCreating 0", "Running 0", "Completed 0"]),
        ("log:1", Role::Sidecar, Restart::Never, &["ContainerCreating 0", "Running 0"]),
        (
            "nginx:missing",
            Role::Main,
            Restart::Always,
            &["ContainerCreating 0", "ErrImagePull 0", "ImagePullBackOff 0", "ErrImagePull 0", "ImagePullBackOff 0"],
        ),
        (
            "nginx:crash",
            Role::Main,
            Restart::Always,
            &["ContainerCreating 0", "Running 0", "Error 0", "Running 1", "Error 1", "CrashLoopBackOff 1", "Running 2"],
        ),
        ("nginx:crash", Role::Main, Restart::Never, &["ContainerCreating 0", "Running 0", "Error 0"]),
    ];
    for (image, role, restart, expected) in table {
        assert_eq!(life(container(image, role, restart), expected.len()), expected, "{image} {role:?} {restart:?}");
    }
}

#[test]
fn given_a_container_that_runs_when_its_image_changes_then_it_is_started_again_with_the_new_one() {
    let (pace, now) = (Pace::default(), Instant::now());
    let mut container = container("nginx:1.9.1", Role::Main, Restart::Always);
    container.create(now, &pace);
    container.advance(now + pace.start, &pace);
    let spec = |image: &str| Spec { image: Some(image.to_owned()), ..Spec::default() };
    assert_eq!(container.follow(&spec("nginx:1.9.1"), now, &pace), []);
    let said = container.follow(&spec("nginx:1.27"), now, &pace);
    assert_eq!(said[0].message, "Container nginx definition changed, will be restarted");
    container.advance(now + pace.start, &pace);
    let status = container.status(now + pace.start, false);
    assert_eq!((status.image.as_str(), status.restart_count, status.ready), ("nginx:1.27", 1, true));
    assert!(status.last_state.is_some_and(|last| last.terminated.is_some()));
}

#[test]
fn given_what_was_reported_when_it_is_resumed_then_what_ran_runs_on() {
    let (pace, now) = (Pace::default(), Instant::now());
    let mut before = container("nginx:1.9.1", Role::Main, Restart::Always);
    before.create(now, &pace);
    before.advance(now + pace.start, &pace);
    let known = before.status(now + pace.start, false);
    let mut after = container("nginx:1.9.1", Role::Main, Restart::Always);
    after.resume(&known, now, &pace);
    assert_eq!(after.status(now, false), known);
    assert_eq!(after.due(), None);
}

#[test]
fn given_a_command_when_its_process_ends_then_the_container_ends_with_its_code() {
    let (pace, now) = (Pace::default(), Instant::now());
    for (restart, expected) in [(Restart::Never, Some(4)), (Restart::OnFailure, None), (Restart::Always, None)] {
        let mut container = container("busybox:1.28.4", Role::Main, restart);
        container.create(now, &pace);
        container.advance(now + pace.start, &pace);
        let running = container.wanted();
        assert_eq!((container.due(), &running.program), (None, &Program::Runs(vec!["sh".to_owned()])));
        container.exited("another", 1, now);
        assert_eq!(container.due(), None);
        container.exited(&running.id, 4, now);
        container.advance(now, &pace);
        assert_eq!(container.ended(), expected, "{restart:?}");
        let state = container.status(now, false).state.and_then(|state| state.terminated);
        assert_eq!(state.map(|it| (it.exit_code, it.reason)), Some((4, Some("Error".to_owned()))));
    }
}

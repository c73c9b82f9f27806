//! The `berth` binary.

use std::io::{IsTerminal as _, stderr};
use std::process::ExitCode;

use clap::Parser;
use server::config::{Command, Config, LogFormat};
use server::console::complain;
use server::{demo, recording, serve};
use tokio::signal;
use tracing_subscriber::EnvFilter;

/// The exit code for what the user can mend.
const USAGE: u8 = 2;

/// What is logged unless `RUST_LOG` says otherwise. The Kubernetes client's own lines would say each failure twice.
const DEFAULT_LOG: &str = "info,kube_client=off";

#[tokio::main]
async fn main() -> ExitCode {
    let mut config = Config::parse();
    log(config.log_format);
    let ended = match config.command.take() {
        None => serve::run(config, stop()).await,
        Some(Command::Demo(arguments)) => demo::run(config, arguments, stop()).await,
        Some(Command::Record(arguments)) => recording::record(config, arguments, stop()).await,
        Some(Command::Replay(arguments)) => serve::replay(config, arguments, stop()).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("berth: {error}"));
            ExitCode::from(USAGE)
        }
    }
}

/// Log lines go to standard error; `RUST_LOG` chooses which.
fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        // A line that nobody reads is no reason to end.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}

/// Done when somebody wants the server to stop: Ctrl-C, or a TERM.
async fn stop() {
    let interrupted = async {
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminated) => drop(terminated.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

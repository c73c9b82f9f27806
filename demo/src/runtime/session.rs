//! A command with its input and outputs; a shell without a command reads lines and runs them.

use super::terminal::{Read, Terminal};
use super::{Input, Output, Stream};
use crate::shell::Shell;

/// The longest line that is read.
pub(super) const MAX_LINE: usize = 4 << 10;

/// The exit code of what was interrupted.
const INTERRUPTED: i32 = 130;

/// Runs a command to its end; gives its exit code.
pub(crate) async fn run(mut shell: Shell, command: Vec<String>, mut input: Input, output: Output) -> i32 {
    if Shell::is_interactive(&command) {
        converse(&mut shell, &mut input, &output).await
    } else {
        interruptible(&mut input, &output, shell.program(&command, &output)).await
    }
}

/// Reads lines and runs them, until the shell is told to exit or nothing more comes.
async fn converse(shell: &mut Shell, input: &mut Input, output: &Output) -> i32 {
    let mut code = 0;
    let mut terminal = Terminal::default();
    while !shell.exited {
        let line = if output.is_terminal() { ask(&mut terminal, input, output).await } else { read_line(input).await };
        let Some(line) = line else { break };
        code = interruptible(input, output, shell.line(&line, output)).await;
    }
    code
}

/// Runs something; a terminal's Ctrl-C ends it.
async fn interruptible(input: &mut Input, output: &Output, command: impl Future<Output = i32>) -> i32 {
    if !output.is_terminal() {
        return command.await;
    }
    tokio::select! {
        code = command => code,
        () = input.interrupted() => {
            output.write(Stream::Out, "^C\n").await;
            INTERRUPTED
        }
    }
}

/// The next line that is typed at the prompt of a terminal; none when nothing more comes.
async fn ask(terminal: &mut Terminal, input: &mut Input, output: &Output) -> Option<String> {
    output.write_raw(terminal.prompt().to_vec()).await;
    loop {
        let mut shown = Vec::new();
        while let Some(byte) = input.pop() {
            match terminal.read(byte, &mut shown) {
                Read::More => {}
                Read::Line(line) => {
                    output.write_raw(shown).await;
                    return Some(line);
                }
                Read::End => {
                    output.write_raw(shown).await;
                    return None;
                }
            }
        }
        output.write_raw(shown).await;
        if !input.more().await {
            return None;
        }
    }
}

/// The next line of an input that is no terminal; none when nothing more comes.
async fn read_line(input: &mut Input) -> Option<String> {
    let mut line = Vec::new();
    while input.more().await {
        while let Some(byte) = input.pop() {
            match byte {
                b'\n' => return Some(String::from_utf8_lossy(&line).into_owned()),
                byte if line.len() < MAX_LINE => line.push(byte),
                _ => {}
            }
        }
    }
    Some(String::from_utf8_lossy(&line).into_owned()).filter(|line| !line.is_empty())
}

//! Which files a command reads and which it writes: a result never replaces an input.
//!
//! Every file is claimed before it is read or written, in whatever order that happens. A claim fails where the file is
//! claimed for something else already, under whatever name: through links, by a hard link, or as stdout of the shell.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::failure::{Failure, Outcome};

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is read.
    Input,
    /// It is written.
    Output,
    /// It is read, and then written in its place, as answers are that are kept from run to run.
    Update,
}

/// A file and what it is for.
struct Claim {
    path: PathBuf,
    role: Role,
}

static CLAIMS: Mutex<Vec<Claim>> = Mutex::new(Vec::new());

/// Claims a file.
///
/// # Errors
/// Where the same file is claimed for something else; both names are in the message.
pub fn claim(path: &Path, role: Role) -> Outcome<()> {
    let mut claims = CLAIMS.lock().unwrap_or_else(PoisonError::into_inner);
    let is_free = |other: &Claim| role == Role::Input && other.role == Role::Input;
    if let Some(other) = claims.iter().find(|other| !is_free(other) && is_same(path, &other.path)) {
        return Err(refused(path, role, other));
    }
    if let Some(stream) = stream_of(path) {
        return Err(into_itself(path, stream, role));
    }
    claims.push(Claim { path: path.to_owned(), role });
    Ok(())
}

/// Claims what stdin comes from, where that is a file.
///
/// # Errors
/// As [`claim`].
pub fn claim_stdin() -> Outcome<()> {
    claim(Path::new("/dev/stdin"), Role::Input)
}

/// Whether two names are names of one file.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let by_name = matches!((real(one), real(other)), (Some(one), Some(other)) if one == other);
    by_name || matches!((one.metadata(), other.metadata()), (Ok(one), Ok(other)) if streams::is_same(&one, &other))
}

fn refused(path: &Path, role: Role, other: &Claim) -> Failure {
    let (path, before) = (path.display(), other.path.display());
    Failure::bad_input(match (role, other.role) {
        (Role::Input, _) => format!("{before} cannot be written: it is the file {path}, which this command reads"),
        (_, Role::Input) => format!("{path} cannot be written: it is the file {before}, which this command reads"),
        _ => format!("{path} cannot be written: it is the file {before}, which this command writes already"),
    })
    .with_hint("name another file for the result")
}

fn into_itself(path: &Path, stream: &str, role: Role) -> Failure {
    let path = path.display();
    let message = match role {
        Role::Input => format!("{stream} goes into the file that this command reads: {path}"),
        _ => format!("{stream} goes into the file that this command writes: {path}"),
    };
    Failure::bad_input(message)
        .with_hint("send it to another file; a shell empties the file after > before a command begins")
}

/// The stream of this program that goes into a file.
fn stream_of(path: &Path) -> Option<&'static str> {
    let file = path.metadata().ok()?;
    let goes_there = |stream: Option<Metadata>| stream.is_some_and(|stream| streams::is_same(&stream, &file));
    match () {
        () if goes_there(streams::stdout()) => Some("stdout"),
        () if goes_there(streams::stderr()) => Some("stderr"),
        () => None,
    }
}

/// The name without links; of a file that is not there yet, in its folder's real name.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Some(real);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}

#[cfg(unix)]
mod streams {
    use std::fs::{File, Metadata};
    use std::os::fd::{AsFd, BorrowedFd};
    use std::os::unix::fs::MetadataExt;

    pub fn is_same(one: &Metadata, other: &Metadata) -> bool {
        one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino())
    }

    pub fn stdout() -> Option<Metadata> {
        of(std::io::stdout().as_fd())
    }

    pub fn stderr() -> Option<Metadata> {
        of(std::io::stderr().as_fd())
    }

    fn of(stream: BorrowedFd<'_>) -> Option<Metadata> {
        File::from(stream.try_clone_to_owned().ok()?).metadata().ok()
    }
}

/// Elsewhere files are known by their names only.
#[cfg(not(unix))]
mod streams {
    use std::fs::Metadata;

    pub fn is_same(_: &Metadata, _: &Metadata) -> bool {
        false
    }

    pub fn stdout() -> Option<Metadata> {
        None
    }

    pub fn stderr() -> Option<Metadata> {
        None
    }
}

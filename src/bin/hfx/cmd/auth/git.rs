//! git's own store of passwords, for `git push` to the Hub: asked to keep or drop the token, by `git credential`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use hfx::error::{Error, Kind};
use hfx::secret::Secret;

use crate::fail::Failure;
use crate::ui;

/// The user name that the Hub takes any token under.
const USER: &str = "hf_user";

/// Gives the token to git's helpers. False, and a word on why, when there are none.
pub(super) fn approve(endpoint: &str, token: &Secret) -> Result<bool, Failure> {
    if helpers().is_empty() {
        ui::note("git keeps no passwords here, so it was not given the token; it would with");
        ui::note("  git config --global credential.helper store");
        return Ok(false);
    }
    let text = format!("url={endpoint}\nusername={USER}\npassword={}\n\n", token.expose());
    if credential("approve", &text) {
        return Ok(true);
    }
    let text = "git did not take the token (`git credential approve` failed)";
    Err(Error::new(Kind::Io, text).into())
}

/// Asks git's helpers to forget the token. That there is no git, or no helper, is fine.
pub(super) fn reject(endpoint: &str) {
    credential("reject", &format!("url={endpoint}\nusername={USER}\n\n"));
}

fn credential(verb: &str, text: &str) -> bool {
    let git = Command::new("git")
        .args(["credential", verb])
        // It may never ask the user.
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut git) = git else { return false };
    let told = git.stdin.take().is_some_and(|mut stdin| stdin.write_all(text.as_bytes()).is_ok());
    git.wait().is_ok_and(|status| status.success()) && told
}

/// The helpers that git's configuration names.
fn helpers() -> Vec<String> {
    let output = Command::new("git").args(["config", "--list"]).stdin(Stdio::null()).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    named(&String::from_utf8_lossy(&text))
}

fn named(config: &str) -> Vec<String> {
    let helper = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let value = value.trim();
        (key.trim().eq_ignore_ascii_case("credential.helper") && !value.is_empty()).then(|| value.to_owned())
    };
    config.lines().filter_map(helper).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn helpers_are_found() {
        let config = "user.name=x\ncredential.helper=store\ncredential.helper=\nCredential.Helper = cache --timeout=9\n";
        assert_eq!(super::named(config), ["store", "cache --timeout=9"]);
        assert!(super::named("credential.https://x.helper=store").is_empty());
    }
}

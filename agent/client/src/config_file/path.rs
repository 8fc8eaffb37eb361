//! Where ngrok's agent looks for its configuration.

use std::ffi::OsString;
use std::path::PathBuf;

/// The file that is read when none is named; none when the environment names no home. `variable` is the environment.
pub fn default_path(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let of = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = if cfg!(windows) {
        of("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        of("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        of("XDG_CONFIG_HOME").or_else(|| of("HOME").map(|home| home.join(".config")))
    };
    folder.map(|folder| folder.join("ngrok/ngrok.yml"))
}

#[cfg(all(test, not(windows), not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn the_xdg_folder_comes_before_the_home() {
        let path = |variables: &[(&str, &str)]| {
            default_path(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
            })
        };
        let home = ("HOME", "/home/ann");
        assert_eq!(path(&[home]), Some("/home/ann/.config/ngrok/ngrok.yml".into()));
        assert_eq!(path(&[home, ("XDG_CONFIG_HOME", "/conf")]), Some("/conf/ngrok/ngrok.yml".into()));
        assert_eq!(path(&[("XDG_CONFIG_HOME", "")]), None);
    }
}

//! Which system this is, and what its people type.

use super::Engine;

/// A system, as far as getting a browser differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum System {
    /// Debian and what keeps its packages.
    Debian,
    /// Ubuntu, whose Chromium is a snap.
    Ubuntu,
    /// Another Linux, by its own name.
    OtherLinux(String),
    /// Not Linux.
    Other,
}

impl System {
    /// This one.
    pub(super) fn here() -> Self {
        if !cfg!(target_os = "linux") {
            return Self::Other;
        }
        Self::of_release(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    /// By the text of `/etc/os-release` (os-release(5)).
    fn of_release(text: &str) -> Self {
        let member = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.map(|value| value.trim_matches(['"', '\'']).to_owned())
        };
        let id = member("ID").unwrap_or_default();
        let like = member("ID_LIKE").unwrap_or_default();
        if id == "ubuntu" || like.split(' ').any(|like| like == "ubuntu") {
            Self::Ubuntu
        } else if id == "debian" || like.split(' ').any(|like| like == "debian") {
            Self::Debian
        } else {
            Self::OtherLinux(member("PRETTY_NAME").unwrap_or_else(|| "this Linux".into()))
        }
    }

    /// Debian's packages that bring everything, a font for the pictures included; the browser's own comes first.
    pub(super) fn packages(engine: Engine) -> [&'static str; 4] {
        let browser = match engine {
            Engine::Shell => "chromium-headless-shell",
            Engine::Chromium => "chromium",
        };
        [browser, "chromium-driver", "libnss3-tools", "fonts-liberation"]
    }

    /// What to do when something is missing.
    pub(super) fn remedy(&self, engine: Engine) -> String {
        match self {
            Self::Debian => {
                let packages = Self::packages(engine).join(" ");
                format!("Put it there: sudo apt-get update && sudo apt-get install {packages}")
            }
            Self::Ubuntu => "Ubuntu's chromium package is a snap, which is confined to folders of its own and can't be \
                given a home or a driver from outside. Install Google Chrome's own package, or Chrome for Testing, with \
                the chromedriver of the same version beside it or in PATH, say --browser-path FILE (Google Chrome's is \
                /opt/google/chrome/chrome), and for certutil: sudo apt-get install libnss3-tools"
                .into(),
            Self::OtherLinux(name) => format!(
                "On {name}, install Chromium or Chrome, the chromedriver of the same version and NSS's certutil \
                (package nss-tools, nss or mozilla-nss-tools) with the system's package manager; where the browser is not \
                found by itself, say --browser-path FILE"
            ),
            Self::Other => "Gatewright drives browsers on Linux alone: they must trust the run's authority by a \
                certificate database of their own and come from addresses of their own in 127.0.0.0/8. In a container \
                with Debian: sudo apt-get install chromium-headless-shell chromium-driver libnss3-tools fonts-liberation"
                .into(),
        }
    }

    /// What to do when browser and driver are of different versions.
    pub(super) fn mismatch_remedy(&self) -> String {
        match self {
            Self::Debian => {
                "Bring both to one version: sudo apt-get update && sudo apt-get install chromium-driver \
                chromium-headless-shell chromium"
                    .into()
            }
            _ => "Install the chromedriver of the browser's own version, beside the browser or first in PATH"
                .into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_told_apart_by_their_release_file() {
        let system = System::of_release;
        assert_eq!(system("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n"), System::Debian);
        assert_eq!(system("ID=raspbian\nID_LIKE=debian\n"), System::Debian);
        assert_eq!(system("ID=ubuntu\nID_LIKE=debian\n"), System::Ubuntu);
        assert_eq!(system("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), System::Ubuntu);
        assert_eq!(
            system("PRETTY_NAME=\"Fedora Linux 43\"\nID=fedora\n"),
            System::OtherLinux("Fedora Linux 43".into())
        );
        assert_eq!(system(""), System::OtherLinux("this Linux".into()));
    }

    #[test]
    fn every_system_has_a_remedy() {
        assert!(System::Ubuntu.remedy(Engine::Shell).contains("snap"));
        assert!(
            System::Debian
                .remedy(Engine::Chromium)
                .ends_with("install chromium chromium-driver libnss3-tools fonts-liberation")
        );
        assert!(System::OtherLinux("Fedora".into()).remedy(Engine::Shell).starts_with("On Fedora, "));
        assert!(System::Other.remedy(Engine::Shell).contains("Linux alone"));
    }
}

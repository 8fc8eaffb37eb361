//! Finding scenario files, and reading them all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::file;
use super::plan::{Plan, ScenarioId};
use super::problems::{FileProblems, Problems};
use crate::vocabulary::Problem;

/// A file of this size is no scenario.
const MAX_BYTES: u64 = 1024 * 1024;

/// The folder from which scenarios are named.
const ROOT: &str = "scenarios";

/// Reads every scenario file among `paths`, folders with all that is below them, in the order of their ids; otherwise
/// every problem of every file.
///
/// A scenario's id is its path below the innermost folder named `scenarios`, or else below the folder that was asked
/// for. Hidden folders and those that are symbolic links are left alone.
pub fn load(paths: &[PathBuf]) -> Result<Vec<Plan>, Problems> {
    let mut found = BTreeMap::new();
    let mut problems = Problems::default();
    for path in paths {
        if let Err(file) = find(path, &mut found) {
            problems.add(file);
        }
    }
    let mut plans: Vec<(Plan, String)> = Vec::new();
    for (path, root) in found.into_values() {
        match read(&path, &root) {
            Ok(plan) => plans.push(plan),
            Err(file) => problems.add(file),
        }
    }
    plans.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    refuse_twins(&plans, &mut problems);
    if problems.is_empty() { Ok(plans.into_iter().map(|(plan, _)| plan).collect()) } else { Err(problems) }
}

/// The files found so far by their canonical paths, each as it was found and with the folder that its id starts from.
type Found = BTreeMap<PathBuf, (PathBuf, PathBuf)>;

fn find(path: &Path, found: &mut Found) -> Result<(), FileProblems> {
    let unreadable = |error: &io::Error| FileProblems::whole(path, unreadable(error), None);
    let metadata = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !metadata.is_dir() {
        let root = root_of(path).unwrap_or_else(|| path.parent().unwrap_or(Path::new("")).to_owned());
        return keep(path, root, found);
    }
    let before = found.len();
    let root = root_of(path).unwrap_or_else(|| path.to_owned());
    let mut folders = vec![path.to_owned()];
    let mut misnamed = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&error))? {
            let entry = entry.map_err(|error| unreadable(&error))?;
            let kind = entry.file_type().map_err(|error| unreadable(&error))?;
            let below = entry.path();
            let extension = below.extension().and_then(|extension| extension.to_str());
            if kind.is_dir() && !entry.file_name().as_encoded_bytes().starts_with(b".") {
                folders.push(below);
            } else if extension == Some("yaml") && !kind.is_dir() {
                keep(&below, root.clone(), found)?;
            } else if extension == Some("yml") {
                misnamed.insert(below);
            }
        }
    }
    match misnamed.first() {
        // Left out in silence, its scenario would be thought to pass.
        Some(file) => {
            Err(FileProblems::whole(file, "a scenario file's name ends in `.yaml`", Some("rename it")))
        }
        None if found.len() == before && !already_found(path, found) => {
            Err(FileProblems::whole(path, "no scenario file is here", Some("scenario files end in `.yaml`")))
        }
        None => Ok(()),
    }
}

/// Whether a file below this folder was found on the way of another path.
fn already_found(folder: &Path, found: &Found) -> bool {
    folder.canonicalize().is_ok_and(|folder| found.keys().any(|file| file.starts_with(&folder)))
}

fn keep(file: &Path, root: PathBuf, found: &mut Found) -> Result<(), FileProblems> {
    let canonical =
        file.canonicalize().map_err(|error| FileProblems::whole(file, unreadable(&error), None))?;
    found.entry(canonical).or_insert_with(|| (file.to_owned(), root));
    Ok(())
}

/// The innermost folder named `scenarios` on the way to a path, or the path itself.
fn root_of(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .find(|folder| folder.is_dir() && folder.file_name().is_some_and(|name| name == ROOT))
        .map(Path::to_owned)
}

fn read(path: &Path, root: &Path) -> Result<(Plan, String), FileProblems> {
    let mut bytes = Vec::new();
    let limited = fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    if let Err(error) = limited {
        return Err(FileProblems::whole(path, unreadable(&error), None));
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(FileProblems::whole(path, "the file is larger than 1 MiB", None));
    }
    let Ok(source) = String::from_utf8(bytes) else {
        return Err(FileProblems::whole(path, "the file is not UTF-8 text", None));
    };
    match file::read(id_of(path, root), path, &source) {
        Ok(plan) => Ok((plan, source)),
        Err(problems) => Err(FileProblems { file: path.to_owned(), source: source.into(), problems }),
    }
}

fn id_of(path: &Path, root: &Path) -> ScenarioId {
    let below = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let levels: Vec<_> = below.components().map(|level| level.as_os_str().to_string_lossy()).collect();
    ScenarioId::from(levels.join("/"))
}

/// Two scenarios of one title or one id can't be told apart in a report.
fn refuse_twins(plans: &[(Plan, String)], problems: &mut Problems) {
    let mut titles: BTreeMap<&str, &Plan> = BTreeMap::new();
    let mut ids: BTreeMap<&ScenarioId, &Plan> = BTreeMap::new();
    for (plan, source) in plans {
        let Some(file) = &plan.file else { continue };
        let first_file = |first: &Plan| first.file.as_deref().unwrap_or(Path::new("")).display().to_string();
        if let Some(first) = titles.get(plan.title.as_str()) {
            let at = source.find(&plan.title).map_or(0..0, |start| start..start + plan.title.len());
            let what = format!("{} has the same title", first_file(first));
            let problem = Problem::new(at, what, "the second").advised(Some("say what differs".to_owned()));
            let source = source.as_str().into();
            problems.add(FileProblems { file: file.clone(), source, problems: vec![problem] });
        }
        if let Some(first) = ids.get(&plan.id) {
            let what = format!("{} has the same id, `{}`", first_file(first), plan.id);
            problems.add(FileProblems::whole(
                file,
                what,
                Some("run them one after the other, or rename one"),
            ));
        }
        titles.entry(&plan.title).or_insert(plan);
        ids.entry(&plan.id).or_insert(plan);
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("it can't be read: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const STEPS: &str = "steps: [okta behaves again]\n";

    /// A folder with these files in it.
    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (path, content) in files {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        folder
    }

    fn scenario(title: &str) -> String {
        format!("scenario: {title}\n{STEPS}")
    }

    fn load_in(folder: &TempDir, paths: &[&str]) -> Result<Vec<String>, String> {
        let paths: Vec<_> = paths.iter().map(|path| folder.path().join(path)).collect();
        match load(&paths) {
            Ok(plans) => Ok(plans.iter().map(|plan| plan.id.to_string()).collect()),
            Err(problems) => Err(problems.to_string().replace(&*folder.path().to_string_lossy(), "…")),
        }
    }

    #[test]
    fn ids_are_paths_below_the_scenarios_folder_however_they_are_asked_for() {
        let (one, two, three) = (scenario("one"), scenario("two"), scenario("three"));
        let folder = folder(&[
            ("scenarios/walkthrough/option-2.yaml", &two),
            ("scenarios/walkthrough/option-1.yaml", &one),
            ("scenarios/sessions.yaml", &three),
            ("scenarios/README.md", "not a scenario"),
            ("scenarios/.hidden/x.yaml", "not read"),
        ]);
        let all = ["sessions", "walkthrough/option-1", "walkthrough/option-2"].map(str::to_owned).to_vec();
        assert_eq!(load_in(&folder, &["scenarios"]), Ok(all.clone()));
        assert_eq!(load_in(&folder, &["scenarios/walkthrough", "scenarios"]), Ok(all.clone()));
        assert_eq!(load_in(&folder, &["scenarios", "scenarios/walkthrough"]), Ok(all));
        assert_eq!(
            load_in(&folder, &["scenarios/walkthrough/option-1.yaml"]),
            Ok(vec!["walkthrough/option-1".to_owned()])
        );
    }

    #[test]
    fn outside_of_a_scenarios_folder_ids_are_paths_below_what_was_asked_for() {
        let folder = folder(&[("mine/a/b.yaml", &scenario("one"))]);
        assert_eq!(load_in(&folder, &["mine"]), Ok(vec!["a/b".to_owned()]));
        assert_eq!(load_in(&folder, &["mine/a/b.yaml"]), Ok(vec!["b".to_owned()]));
    }

    #[test]
    fn the_problems_of_every_file_come_together() {
        let folder = folder(&[
            ("scenarios/a.yaml", "scenario: a\nsteps: [okta explodes]\n"),
            ("scenarios/b.yaml", &scenario("right")),
            ("scenarios/c.yaml", "scenario: [\n"),
        ]);
        insta::assert_snapshot!(load_in(&folder, &["scenarios", "nowhere"]).unwrap_err(), @r"
        error: it can't be read: No such file or directory (os error 2)
        --> …/nowhere

        error: no step `explodes`
         --> …/scenarios/a.yaml:2:14
          |
        2 | steps: [okta explodes]
          |              ^^^^^^^^
          |
          = help: `okta` can: logged, did not log, assigns, unassigns, suspends, unsuspends, unlocks, expires the password of, resets the factors of, adds a rule, ends the sessions of, misbehaves, behaves again

        error: broken YAML
         --> …/scenarios/c.yaml:1:11
          |
        1 | scenario: [
          |           ^ unclosed bracket '['

        3 problems in 3 files; nothing was run
        ");
    }

    #[test]
    fn two_scenarios_of_one_title_or_one_id_are_refused() {
        let folder = folder(&[
            ("scenarios/a.yaml", &scenario("the same")),
            ("scenarios/b.yaml", &scenario("the same")),
            ("other/a.yaml", &scenario("another")),
        ]);
        insta::assert_snapshot!(load_in(&folder, &["scenarios", "other"]).unwrap_err(), @r"
        error: …/other/a.yaml has the same id, `a`
        --> …/scenarios/a.yaml
         = help: run them one after the other, or rename one

        error: …/scenarios/a.yaml has the same title
         --> …/scenarios/b.yaml:1:11
          |
        1 | scenario: the same
          |           ^^^^^^^^ the second
          |
          = help: say what differs

        2 problems in 2 files; nothing was run
        ");
    }

    #[test]
    fn what_can_be_no_scenario_file_is_said() {
        let folder = folder(&[
            ("wrong/a.yml", &scenario("one")),
            ("empty/README.md", ""),
            ("large/a.yaml", &"# filler\n".repeat(130_000)),
        ]);
        fs::write(folder.path().join("latin.yaml"), b"scenario: caf\xe9\n").unwrap();
        insta::assert_snapshot!(load_in(&folder, &["wrong", "empty", "large", "latin.yaml"]).unwrap_err(), @r"
        error: a scenario file's name ends in `.yaml`
        --> …/wrong/a.yml
         = help: rename it

        error: no scenario file is here
        --> …/empty
         = help: scenario files end in `.yaml`

        error: the file is larger than 1 MiB
        --> …/large/a.yaml

        error: the file is not UTF-8 text
        --> …/latin.yaml

        4 problems in 4 files; nothing was run
        ");
    }
}

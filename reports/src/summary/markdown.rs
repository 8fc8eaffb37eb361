use super::sign;
use crate::model::{Decision, Failure, Outcome, Run, Scenario};
use crate::text::{duration, environment, failing_step, one_line, shortened, verdict, visible};

/// How many bytes a summary may have: GitHub takes no more than 1024 KiB a step.
pub const LONGEST: usize = 1024 * 1024;

/// How many characters of what was expected, or was, are shown: the report has the whole.
const LONGEST_VALUE: usize = 4_000;

/// Room for the sentence that says how much was left out.
const RESERVE: usize = 512;

/// The run as GitHub-flavoured Markdown for a job's page, of at most [`LONGEST`] bytes: the counts, each failure with
/// what was expected, what was and the command that runs it again, and a table of all scenarios. Whatever comes from a
/// scenario is escaped.
pub fn markdown(run: &Run) -> String {
    bounded(run, LONGEST)
}

fn bounded(run: &Run, longest: usize) -> String {
    let mut summary = Summary { text: String::new(), longest, left_out: 0 };
    summary.push(&heading(run));
    for scenario in &run.scenarios {
        if let Some(failure) = scenario.failure() {
            summary.push_or_leave_out(&failure_section(scenario, failure));
        }
    }
    summary.scenarios(run);
    summary.decisions(run);
    summary.finish()
}

struct Summary {
    text: String,
    longest: usize,
    left_out: usize,
}

impl Summary {
    fn push(&mut self, part: &str) {
        self.text.push_str(part);
    }

    fn fits(&self, bytes: usize) -> bool {
        self.text.len() + bytes + RESERVE <= self.longest
    }

    fn push_or_leave_out(&mut self, part: &str) {
        if self.fits(part.len()) {
            self.push(part);
        } else {
            self.left_out += 1;
        }
    }

    fn scenarios(&mut self, run: &Run) {
        const BEGIN: &str = "<details><summary>All scenarios</summary>\n\n| | Scenario | Title | Duration |\n|---|---|---|--:|\n";
        const END: &str = "\n</details>\n";
        if run.scenarios.is_empty() || !self.fits(BEGIN.len() + END.len()) {
            return;
        }
        self.push(BEGIN);
        for scenario in run.by_attention() {
            let row = row(scenario);
            if self.fits(row.len() + END.len()) {
                self.push(&row);
            } else {
                self.left_out += 1;
            }
        }
        self.push(END);
    }

    fn decisions(&mut self, run: &Run) {
        const BEGIN: &str = "<details><summary>What the org decided about those who signed in</summary>\n\n| Policy asks for | Proof | Outcome | Witnessed in |\n|---|---|---|---|\n";
        const END: &str = "\n</details>\n";
        let decisions = run.decisions();
        if decisions.is_empty() || !self.fits(BEGIN.len() + END.len()) {
            return;
        }
        self.push(BEGIN);
        for (decision, scenarios) in decisions {
            let ids: Vec<_> = scenarios.iter().map(|scenario| escaped(&scenario.id)).collect();
            let Decision { policy, proof, outcome } = decision;
            let told = [policy, proof, outcome].map(|text| escaped(&shortened(text, 200)));
            let row = format!("| {} | {} |\n", told.join(" | "), ids.join(", "));
            if self.fits(row.len() + END.len()) {
                self.push(&row);
            } else {
                self.left_out += 1;
            }
        }
        self.push(END);
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            let left_out = self.left_out;
            self.text +=
                &format!("\nThere was no room here for {left_out} more parts: the report has them all.\n");
        }
        self.text
    }
}

fn heading(run: &Run) -> String {
    let counts = run.counts();
    let icon = match () {
        () if counts.failed > 0 => "❌",
        () if counts.interrupted > 0 || counts.passed == 0 => "⚠️",
        () => "✅",
    };
    let rows: String = Outcome::ALL
        .into_iter()
        .filter(|outcome| counts.of(*outcome) > 0)
        .map(|outcome| format!("| {outcome} | {} |\n", counts.of(outcome)))
        .collect();
    let environment = escaped(&shortened(&environment(run), 500));
    let table =
        if rows.is_empty() { String::new() } else { format!("| Outcome | Scenarios |\n|---|--:|\n{rows}\n") };
    format!(
        "## {icon} {}\n\n{table}In {}: {environment}; Gatewright {}.\n\n",
        verdict(run),
        duration(run.duration_ms),
        escaped(&shortened(&run.tool_version, 100))
    )
}

fn failure_section(scenario: &Scenario, failure: &Failure) -> String {
    let line =
        failure.step.and_then(|step| scenario.steps.get(step)).map_or(scenario.source.line, |step| step.line);
    let mut text = format!(
        "### {} {}\n\n{} at {}:{line}\n\n",
        sign(Outcome::Failed),
        escaped(&shortened(&scenario.title, 300)),
        escaped(&shortened(&scenario.id, 300)),
        escaped(&shortened(&scenario.source.file, 300)),
    );
    let place = failing_step(scenario).unwrap_or_else(|| "outside the steps".to_owned());
    text += &format!("**{}**\n\n", escaped(&shortened(&place, 500)));
    text += &format!(
        "Expected\n{}\nActual\n{}\n",
        fenced("text", &failure.expected),
        fenced("text", &failure.actual)
    );
    if let Some(advice) = &failure.advice {
        text += &format!("{}\n\n", escaped(&shortened(advice, LONGEST_VALUE)));
    }
    text + &format!("Run it again\n{}\n", fenced("sh", &failure.rerun))
}

fn row(scenario: &Scenario) -> String {
    let outcome = scenario.outcome();
    format!(
        "| {} {outcome} | {} | {} | {} |\n",
        sign(outcome),
        escaped(&shortened(&scenario.id, 300)),
        escaped(&shortened(&scenario.title, 300)),
        if outcome.ran() { duration(scenario.duration_ms) } else { String::new() },
    )
}

/// The text in one line, with everything that Markdown reads as markup taken literally.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        // `&` and `<` as entities too, since some renderers look for HTML before they look at backslashes.
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                out.extend(['\\', c]);
            }
            _ => out.push(c),
        }
    }
    out
}

/// The text as a block of code, in a fence that it can't close.
fn fenced(language: &str, text: &str) -> String {
    let text = shortened(text, LONGEST_VALUE);
    let text = visible(&text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_taken_literally() {
        assert_eq!(
            escaped("a|b `c` <img src=x> [x](y)\n## *z*"),
            r"a\|b \`c\` &lt;img src=x&gt; \[x\](y) \#\# \*z\*"
        );
    }

    #[test]
    fn a_fence_is_longer_than_any_inside() {
        assert_eq!(fenced("text", "a\n```\nb"), "````text\na\n```\nb\n````\n");
    }
}

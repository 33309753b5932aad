//! The scripts of packages, and what running a command comes to once they are followed.

use crate::act::{Act, act};
use crate::misstep::Place;
use crate::names;
use crate::shell::{Command, commands};
use crate::yaml::{self, Node};
use source::{SourceFile, Span};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// The scripts of one `package.json`.
#[derive(Debug)]
pub struct Manifest {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) scripts: BTreeMap<String, Text>,
}

/// A text in a file.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub text: String,
    pub span: Span,
}

impl Text {
    /// The scalar as it is read, and where it stands.
    pub fn of(node: &Rc<Node>) -> Option<Text> {
        Some(Text { text: node.text()?.to_owned(), span: node.span })
    }
}

/// Reads `package.json`; `None` where it has no scripts, or is none.
pub fn manifest(file: &Arc<SourceFile>) -> Option<Manifest> {
    let tree = yaml::parse(&file.text)?;
    let scripts = tree.get("scripts")?;
    let scripts = scripts.pairs().filter_map(|(name, _, value)| Some((name.to_owned(), Text::of(value)?)));
    Some(Manifest { file: file.clone(), scripts: scripts.collect() })
}

/// What is done at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Deploy,
    Migrate,
    Push,
}

/// A deed and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub deed: Deed,
    /// The command that does it, maybe in a script that was called.
    pub leaf: Place,
    /// The command of the text that was looked at.
    pub top: Place,
    /// Which call of a script it comes from. What is wrong within one is said of that script.
    pub call: Option<usize>,
    /// The branches that it lies in.
    pub arms: Vec<(usize, usize)>,
}

impl Event {
    /// A deed of the command at a place.
    pub fn new(deed: Deed, place: Place) -> Event {
        Event { deed, leaf: place.clone(), top: place, call: None, arms: Vec::new() }
    }
}

/// What a text of a workflow comes to. `branches` keeps its branches apart from those of other texts.
pub(crate) fn events(
    manifests: &[Manifest],
    file: &Arc<SourceFile>,
    text: &Text,
    far: bool,
    branches: usize,
) -> Vec<Event> {
    let mut walk = Walk { manifests, trail: Vec::new(), work: 0, branches };
    walk.text(file, text, &At { far, manifest: None, from: 0 }, &[])
}

/// What a script comes to, with the hooks that a package manager runs around it.
pub(crate) fn script_events(manifests: &[Manifest], manifest: usize, name: &str) -> Vec<Event> {
    let mut walk = Walk { manifests, trail: Vec::new(), work: 0, branches: 0 };
    walk.script(manifest, name, &[])
}

/// No text is followed into more commands than this.
const LIMIT: usize = 2000;

/// Where a text runs, and from where on its commands are looked for in the file.
struct At {
    far: bool,
    manifest: Option<usize>,
    from: usize,
}

/// A walk through scripts that call each other.
struct Walk<'a> {
    manifests: &'a [Manifest],
    /// The scripts that are being followed.
    trail: Vec<(usize, String)>,
    work: usize,
    branches: usize,
}

impl Walk<'_> {
    fn script(&mut self, at: usize, name: &str, args: &[String]) -> Vec<Event> {
        let manifests = self.manifests;
        let manifest = &manifests[at];
        let mut found: Vec<Event> = Vec::new();
        self.trail.push((at, name.to_owned()));
        for hook in [format!("pre{name}"), name.to_owned(), format!("post{name}")] {
            let Some(text) = manifest.scripts.get(&hook) else { continue };
            let args = if hook == name { args } else { &[] };
            let mut events =
                self.text(&manifest.file, text, &At { far: false, manifest: Some(at), from: 0 }, args);
            if events.is_empty() && names::is_deploy(&hook) && !names::is_aside(&hook) {
                // What such a script runs is not to be seen, but its name says it.
                events
                    .push(Event::new(Deed::Deploy, place(&manifest.file, text, 0, text.text.len(), &mut 0)));
            }
            found.extend(events);
        }
        self.trail.pop();
        if names::is_desk(name) {
            found.retain(|event| event.deed != Deed::Push);
        }
        found
    }

    fn text(&mut self, file: &Arc<SourceFile>, text: &Text, at: &At, args: &[String]) -> Vec<Event> {
        let mut found = Vec::new();
        let mut commands = commands(&text.text);
        if let Some(last) = commands.last_mut() {
            last.words.extend(args.iter().cloned());
        }
        let mut from = at.from;
        self.branches += 1;
        let own = self.branches << 16;
        for command in &commands {
            self.work += 1;
            if self.work > LIMIT {
                break;
            }
            let place = place(file, text, command.start, command.end, &mut from);
            if command.loose {
                continue;
            }
            let mut events = self.command(command, &place, text.span, at);
            for event in &mut events {
                event.arms.extend(command.arms.iter().map(|(branch, arm)| (own + branch, *arm)));
            }
            found.extend(events);
        }
        found
    }

    fn command(&mut self, command: &Command, place: &Place, around: Span, at: &At) -> Vec<Event> {
        let doing = match (act(&command.words, at.far), &command.document) {
            (Act::Other, Some(document)) => match command.words.first().map(String::as_str) {
                Some("ssh") => Act::Shell { text: document.clone(), far: true },
                Some("sh" | "bash") => Act::Shell { text: document.clone(), far: at.far },
                _ => Act::Other,
            },
            (doing, _) => doing,
        };
        let deed = match doing {
            Act::Deploy => Deed::Deploy,
            Act::Migrate => Deed::Migrate,
            Act::Push => Deed::Push,
            Act::Other => return Vec::new(),
            Act::Shell { text, far } => {
                let from = place.span.start.saturating_sub(around.start) as usize;
                let at = At { far, manifest: at.manifest, from };
                return self.text(&place.file, &Text { text, span: around }, &at, &[]);
            }
            Act::Run { script, args, sure } => return self.run(&script, &args, sure, place, around, at),
        };
        vec![Event::new(deed, place.clone())]
    }

    fn run(
        &mut self,
        script: &str,
        args: &[String],
        sure: bool,
        place: &Place,
        around: Span,
        at: &At,
    ) -> Vec<Event> {
        let at_hand = self.find(script, at.manifest);
        let found = match at_hand {
            Some(manifest) => {
                let mut found = self.script(manifest, script, args);
                for event in &mut found {
                    event.call = Some(self.work);
                    event.top = place.clone();
                }
                found
            }
            // A program of a package: `pnpm drizzle-kit migrate`.
            None if !sure => {
                let words: Vec<String> =
                    std::iter::once(script.to_owned()).chain(args.iter().cloned()).collect();
                match act(&words, at.far) {
                    Act::Run { .. } => Vec::new(),
                    _ => self.command(&Command { words, ..Command::default() }, place, around, at),
                }
            }
            None => Vec::new(),
        };
        // Of what is not to be seen, the name says it.
        let body = at_hand.and_then(|manifest| self.manifests[manifest].scripts.get(script));
        let other = body.is_some_and(|body| names::is_other_tool(&body.text));
        let deed = match (names::is_migrate(script), names::is_deploy(script)) {
            _ if !found.is_empty() || other => return found,
            (true, _) => Deed::Migrate,
            (_, true) => Deed::Deploy,
            _ => return found,
        };
        vec![Event::new(deed, place.clone())]
    }

    /// The manifest that has a script: the one at hand, or else the first; none that is being followed.
    fn find(&self, script: &str, at_hand: Option<usize>) -> Option<usize> {
        let mut order = at_hand.into_iter().chain(0..self.manifests.len());
        order.find(|at| {
            let follows = self.trail.iter().any(|(other, name)| other == at && name == script);
            !follows && self.manifests[*at].scripts.contains_key(script)
        })
    }
}

/// Where a command of a text stands in the file. Block scalars are indented there and strings escaped,
/// so the first line of the command is looked for, from the command before it on.
fn place(file: &Arc<SourceFile>, text: &Text, start: usize, end: usize, from: &mut usize) -> Place {
    let whole = text.text.get(start..end).unwrap_or("").trim();
    let line = whole.lines().next().unwrap_or("").trim_end_matches(['\\', ' ']);
    let written = text.span.of(&file.text);
    let found = written.get(*from..).filter(|_| !line.is_empty()).and_then(|rest| rest.find(line));
    let span = match found {
        Some(at) => {
            let at = *from + at;
            *from = at + line.len();
            let start = text.span.start as usize + at;
            Span::new(start, start + line.len())
        }
        // Escaped, or folded: the text as a whole, without what closes it.
        None => {
            let start = text.span.start as usize;
            Span::new(start, start + written.trim_end().len())
        }
    };
    Place { file: file.clone(), span, text: shortened(line) }
}

fn shortened(text: &str) -> String {
    let mut letters = text.chars();
    let start: String = letters.by_ref().take(60).collect();
    if letters.next().is_some() { format!("{start}…") } else { start }
}

/// The hook of a script that a place lies in.
pub(crate) fn hook_at(manifest: &Manifest, script: &str, at: &Place) -> Option<String> {
    let mut hooks = ["pre", "post"].into_iter().map(|side| format!("{side}{script}"));
    hooks.find(|name| {
        let text = manifest.scripts.get(name);
        text.is_some_and(|text| text.span.start <= at.span.start && at.span.end <= text.span.end)
    })
}

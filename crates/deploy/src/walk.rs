//! What running a command comes to once the scripts that it calls are followed.

use crate::act::{Act, Means, Script, act, of_shell_file};
use crate::files::{Files, copied, folder, upwards};
use crate::misstep::Place;
use crate::names;
use crate::scripts::{Manifest, Text};
use crate::shell::{Command, commands};
use source::{SourceFile, Span};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// What is done at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Deploy,
    Migrate,
    Push,
    /// The app begins to serve where the command runs.
    Serve,
    /// The same for somebody who works on it.
    Develop,
}

/// A deed and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub deed: Deed,
    /// The commands that lead to it, from that of the text that was looked at to the one that does it,
    /// maybe in a script that was called.
    pub trail: Vec<Place>,
    /// Which call of a script it comes from. What is wrong within one is said of that script.
    pub call: Option<usize>,
    /// The branches that it lies in.
    pub arms: Vec<(usize, usize)>,
    /// How it migrates.
    pub means: Means,
    /// The folder of the repository that the last command is written in.
    pub folder: String,
}

impl Event {
    /// A deed of the command at a place.
    pub fn new(deed: Deed, place: Place) -> Event {
        let (call, arms, means, folder) = (None, Vec::new(), Means::Name, String::new());
        Event { deed, trail: vec![place], call, arms, means, folder }
    }

    /// The command of the text that was looked at.
    pub fn top(&self) -> &Place {
        &self.trail[0]
    }
}

/// What walks take place in.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub files: &'a dyn Files,
    /// The manifests whose scripts can be meant, the likeliest first.
    pub manifests: &'a [Rc<Manifest>],
    /// All that there are, where the package that a text belongs to is not sure: a script has to be of
    /// a folder around it, or in no more than one of them.
    pub strict: Option<&'a BTreeMap<String, Rc<Manifest>>>,
}

/// Where a text runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    /// On a server.
    pub far: bool,
    /// Where the app runs: what serves is told.
    pub serving: bool,
    /// The folder of the repository that it is written for.
    pub folder: String,
}

/// What a text comes to. `branches` keeps its branches apart from those of other texts.
pub(crate) fn events(
    world: World<'_>,
    file: &Arc<SourceFile>,
    text: &Text,
    ground: &Ground,
    branches: usize,
) -> Vec<Event> {
    let mut walk = Walk { world, trail: Vec::new(), work: 0, branches, serving: ground.serving };
    walk.text(
        file,
        text,
        &At { far: ground.far, manifest: None, from: 0, folder: ground.folder.clone() },
        &[],
    )
}

/// What a command comes to that is given as words.
pub(crate) fn words_events(
    world: World<'_>,
    file: &Arc<SourceFile>,
    words: &[String],
    span: Span,
    ground: &Ground,
) -> Vec<Event> {
    let mut walk = Walk { world, trail: Vec::new(), work: 0, branches: 0, serving: ground.serving };
    let place = Place { file: file.clone(), span, text: shortened(&words.join(" ")) };
    let command = Command { words: words.to_vec(), ..Command::default() };
    let at = At { far: ground.far, manifest: None, from: 0, folder: ground.folder.clone() };
    walk.command(&command, &place, span, &at)
}

/// What a script comes to, with the hooks that a package manager runs around it.
pub(crate) fn script_events(world: World<'_>, manifest: usize, name: &str, serving: bool) -> Vec<Event> {
    let mut walk = Walk { world, trail: Vec::new(), work: 0, branches: 0, serving };
    walk.script(manifest, name, &[])
}

/// No text is followed into more commands than this.
const LIMIT: usize = 2000;

/// Where a text runs, and from where on its commands are looked for in the file.
struct At {
    far: bool,
    manifest: Option<usize>,
    from: usize,
    folder: String,
}

/// A walk through scripts that call each other.
struct Walk<'a> {
    world: World<'a>,
    /// The scripts that are being followed: of which manifest, and the name; or the path of a file.
    trail: Vec<(Option<usize>, String)>,
    work: usize,
    branches: usize,
    serving: bool,
}

impl Walk<'_> {
    fn script(&mut self, at: usize, name: &str, args: &[String]) -> Vec<Event> {
        let manifest = Rc::clone(&self.world.manifests[at]);
        let mut found: Vec<Event> = Vec::new();
        self.trail.push((Some(at), name.to_owned()));
        for hook in [format!("pre{name}"), name.to_owned(), format!("post{name}")] {
            let Some(text) = manifest.scripts.get(&hook) else { continue };
            let args = if hook == name { args } else { &[] };
            let at = At { far: false, manifest: Some(at), from: 0, folder: manifest.folder.clone() };
            let mut events = self.text(&manifest.file, text, &at, args);
            if !tells(&events) && names::is_deploy(&hook) && !names::is_aside(&hook) {
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
        self.done(doing, place, around, at)
    }

    fn done(&mut self, doing: Act, place: &Place, around: Span, at: &At) -> Vec<Event> {
        let (deed, means) = match doing {
            Act::Deploy => (Deed::Deploy, Means::Name),
            Act::Migrate(means) => (Deed::Migrate, means),
            Act::Push => (Deed::Push, Means::Name),
            Act::Serve if self.serving => (Deed::Serve, Means::Name),
            Act::Develop if self.serving => (Deed::Develop, Means::Name),
            Act::Serve | Act::Develop | Act::Other => return Vec::new(),
            Act::Shell { text, far } => {
                let from = place.span.start.saturating_sub(around.start) as usize;
                let at = At { far, manifest: at.manifest, from, folder: at.folder.clone() };
                return self.text(&place.file, &Text { text, span: around }, &at, &[]);
            }
            Act::File { path, far } => return self.file(&path, far, place, around, at),
            Act::Run(script) => return self.run(&script, place, around, at),
        };
        let folder = at.folder.clone();
        vec![Event { means, folder, ..Event::new(deed, place.clone()) }]
    }

    /// A file that a shell reads, if it is there.
    fn file(&mut self, path: &str, far: bool, place: &Place, around: Span, at: &At) -> Vec<Event> {
        let known = copied(self.world.files, path, &[&at.folder, ""]);
        let known = known.filter(|path| self.trail.iter().all(|(_, name)| name != path));
        let read = known.and_then(|path| Some((self.world.files.read(&path)?, path)));
        let script = read.filter(|(file, path)| path.ends_with(".sh") || is_shell(&file.text));
        if let Some((file, path)) = script {
            let folder = folder(&path).to_owned();
            let text = Text { text: file.text.clone(), span: Span::new(0, file.text.len()) };
            self.trail.push((None, path));
            let at = At { far, manifest: at.manifest, from: 0, folder };
            let mut found = self.text(&file, &text, &at, &[]);
            self.trail.pop();
            if !found.is_empty() {
                found.iter_mut().for_each(|event| event.trail.insert(0, place.clone()));
                return found;
            }
        }
        match of_shell_file(path) {
            Act::Other => Vec::new(),
            act => self.done(act, place, around, at),
        }
    }

    fn run(&mut self, called: &Script, place: &Place, around: Span, at: &At) -> Vec<Event> {
        let Script { name: script, args, .. } = called;
        let at_hand = self.find(called, at);
        let mut found = match at_hand {
            Some(manifest) => {
                let mut found = self.script(manifest, script, args);
                for event in &mut found {
                    event.call = Some(self.work);
                    event.trail.insert(0, place.clone());
                }
                found
            }
            // A program of a package: `pnpm drizzle-kit migrate`.
            None if !called.sure => {
                let words: Vec<String> =
                    std::iter::once(script.to_owned()).chain(args.iter().cloned()).collect();
                match act(&words, at.far) {
                    Act::Run(_) => Vec::new(),
                    _ => self.command(&Command { words, ..Command::default() }, place, around, at),
                }
            }
            None => Vec::new(),
        };
        if self.serving && names::is_aside(script) {
            found.push(Event::new(Deed::Develop, place.clone()));
        } else if self.serving
            && names::is_serve(script)
            && found.iter().all(|event| event.deed != Deed::Serve)
        {
            found.push(Event::new(Deed::Serve, place.clone()));
        }
        // Of what is not to be seen, the name says it.
        let body = at_hand.and_then(|manifest| self.world.manifests[manifest].scripts.get(script));
        let other = body.is_some_and(|body| names::is_other_tool(&body.text));
        let deed = match (names::is_migrate(script), names::is_deploy(script)) {
            _ if tells(&found) || other => return found,
            (true, _) => Deed::Migrate,
            (_, true) => Deed::Deploy,
            _ => return found,
        };
        vec![Event::new(deed, place.clone())]
    }

    /// The manifest that has a script: the one at hand, or else the first; none that is being followed.
    fn find(&self, called: &Script, from: &At) -> Option<usize> {
        let script = &called.name;
        let manifests = self.world.manifests;
        let has = |at: &usize| manifests[*at].scripts.contains_key(script);
        let follows = |at: &usize| self.trail.iter().any(|(of, name)| *of == Some(*at) && name == script);
        let is_meant = |at: &usize| {
            let alone = |all: &BTreeMap<String, Rc<Manifest>>| {
                all.values().filter(|manifest| manifest.scripts.contains_key(script)).count() == 1
            };
            let near = upwards(&from.folder).any(|folder| folder == manifests[*at].folder);
            called.other || near || Some(*at) == from.manifest || self.world.strict.is_none_or(alone)
        };
        let mut order = from.manifest.into_iter().chain(0..manifests.len());
        order.find(|at| has(at) && !follows(at) && is_meant(at))
    }
}

/// Whether anything is done that has to be in order.
fn tells(events: &[Event]) -> bool {
    events.iter().any(|event| !matches!(event.deed, Deed::Serve | Deed::Develop))
}

/// Whether a text says in its first line that a shell reads it.
fn is_shell(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.starts_with("#!")
        && first.split(['/', ' ']).any(|word| matches!(word, "sh" | "bash" | "ash" | "dash"))
}

/// Where a command of a text stands in the file. Block scalars are indented there and strings escaped,
/// so the first line of the command is looked for, from the command before it on.
fn place(file: &Arc<SourceFile>, text: &Text, start: usize, end: usize, from: &mut usize) -> Place {
    let whole = text.text.get(start..end).unwrap_or("").trim();
    let line = whole.lines().next().unwrap_or("").trim_end_matches(['\\', ' ']);
    let written = text.span.of(&file.text);
    if written.len() == text.text.len() && written.get(start..start + line.len()) == Some(line) {
        let start = text.span.start as usize + start;
        return Place {
            file: file.clone(),
            span: Span::new(start, start + line.len()),
            text: shortened(line),
        };
    }
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

pub(crate) fn shortened(text: &str) -> String {
    let mut letters = text.chars();
    let start: String = letters.by_ref().take(60).collect();
    if letters.next().is_some() { format!("{start}…") } else { start }
}

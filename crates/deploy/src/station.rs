//! What is run on the way to production outside of jobs, and when: while the app is built, before a
//! release, or wherever it starts.

use crate::files::{folder, name};
use crate::scripts::Text;
use crate::{cluster, image, names, platform};
use source::{SourceFile, Span};
use std::sync::Arc;

/// Commands that run at one moment.
#[derive(Debug)]
pub(crate) struct Station {
    pub file: Arc<SourceFile>,
    /// The folder that the file lies in.
    pub folder: String,
    pub host: Host,
    pub moment: Moment,
    /// In order.
    pub said: Vec<Said>,
}

/// A command as it is written.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// A text for a shell.
    Shell(Text),
    /// Words for the system, and where they stand.
    Words(Vec<String>, Span),
}

/// When something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// While the app is built.
    Build,
    /// Once for each release, before it serves.
    Release,
    /// Wherever the app starts.
    Start,
}

/// What runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A container of an image.
    Image,
    /// A process of this name, that a platform starts.
    Process(String),
    /// A platform, at the moment that its setting of this name says.
    Setting(String),
    /// A service of a compose file.
    Service(String),
    /// A container of each pod of a workload.
    Container {
        /// Kind and name of the workload, where it has one: `Deployment api`.
        workload: String,
        /// Its name.
        name: String,
    },
    /// A container that runs in each pod before the others.
    InitContainer {
        /// Kind and name of the workload, where it has one: `Deployment api`.
        workload: String,
        /// Its name.
        name: String,
    },
}

/// Whether a path is of a file that [`stations`] reads.
pub(crate) fn is_station(path: &str) -> bool {
    let name = name(path);
    let known = image::is_image(name) || platform::is_platform(name) || cluster::is_compose(name);
    known || cluster::may_be_manifest(path)
}

/// The stations of a file; none where it is for development, for tests or an example.
pub(crate) fn stations(file: &Arc<SourceFile>, path: &str) -> Vec<Station> {
    // The manifests of a chart lie in a folder of this name.
    if names::is_aside_path(&path.replace("/templates/", "/")) {
        return Vec::new();
    }
    let name = name(path);
    let read = if image::is_image(name) {
        image::read(file)
    } else if platform::is_platform(name) {
        platform::read(file, name)
    } else if cluster::is_compose(name) {
        cluster::compose(file, path)
    } else {
        cluster::manifests(file)
    };
    let station = |(host, moment, said): Found| Station {
        file: file.clone(),
        folder: folder(path).to_owned(),
        host,
        moment,
        said,
    };
    read.into_iter().filter(|(_, _, said)| !said.is_empty()).map(station).collect()
}

/// What a reader gives for each.
pub(crate) type Found = (Host, Moment, Vec<Said>);

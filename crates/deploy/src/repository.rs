//! The files of a repository that say how it is deployed, read once.

use crate::files::{Files, folder, name, upwards};
use crate::migrator::{Migrators, Startup, migrators};
use crate::pipeline::{Pipeline, pipeline};
use crate::scripts::{Manifest, manifest};
use crate::station::{Station, is_station, stations};
use crate::walk::World;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A repository, as far as deploys go.
pub struct Repository {
    pub(crate) files: Rc<dyn Files>,
    /// By the folder that they lie in.
    pub(crate) manifests: BTreeMap<String, Rc<Manifest>>,
    pub(crate) pipelines: Vec<Pipeline>,
    pub(crate) stations: Vec<Station>,
    migrators: OnceCell<Migrators>,
    startups: OnceCell<Vec<Startup>>,
}

/// Reads what says how a repository is deployed: `package.json` files, GitHub workflows,
/// `.gitlab-ci.yml`, Dockerfiles, settings of platforms, compose files and manifests.
pub fn repository(files: Rc<dyn Files>) -> Repository {
    let mut read = Repository {
        files: Rc::clone(&files),
        manifests: BTreeMap::new(),
        pipelines: Vec::new(),
        stations: Vec::new(),
        migrators: OnceCell::new(),
        startups: OnceCell::new(),
    };
    for path in files.paths() {
        let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
        let is_workflow = is_yaml && folder(path) == ".github/workflows";
        if name(path) == "package.json" {
            let found = files.read(path).and_then(|file| manifest(&file, folder(path)));
            read.manifests.extend(found.map(|found| (folder(path).to_owned(), Rc::new(found))));
        } else if is_workflow || path == ".gitlab-ci.yml" {
            read.pipelines.extend(files.read(path).and_then(|file| pipeline(&file)));
        } else if is_station(path) {
            read.stations.extend(files.read(path).iter().flat_map(|file| stations(file, path)));
        }
    }
    read
}

impl Repository {
    /// The manifests whose scripts are meant by commands of these folders: the nearest of each, in
    /// order.
    pub(crate) fn around(&self, folders: &[&str]) -> Vec<Rc<Manifest>> {
        let mut found: Vec<Rc<Manifest>> = Vec::new();
        for folder in folders {
            let near = upwards(folder).find_map(|above| self.manifests.get(above));
            if let Some(near) = near.filter(|near| found.iter().all(|known| !Rc::ptr_eq(known, near))) {
                found.push(Rc::clone(near));
            }
        }
        found
    }

    /// A world of these manifests.
    pub(crate) fn world<'a>(&'a self, manifests: &'a [Rc<Manifest>]) -> World<'a> {
        World { files: &*self.files, manifests, strict: None }
    }

    /// A world of these manifests, for files that may belong to a package that is none of them.
    pub(crate) fn strict_world<'a>(&'a self, manifests: &'a [Rc<Manifest>]) -> World<'a> {
        World { strict: Some(&self.manifests), ..self.world(manifests) }
    }

    /// The modules that call Drizzle's migrator; they are looked for when somebody asks.
    pub(crate) fn migrators(&self) -> &Migrators {
        self.migrators.get_or_init(|| migrators(&self.files))
    }

    /// The servers that migrate when they start.
    pub(crate) fn startups(&self) -> &[Startup] {
        self.startups.get_or_init(|| self.migrators().startups())
    }
}

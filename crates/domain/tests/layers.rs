//! The layers of this crate import downwards only, no modules import each other in a circle, and no AWS SDK is among the dependencies.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

/// From the bottom up.
const LAYERS: [&str; 4] = ["model", "rules", "ports", "flows"];

/// The modules of this crate, such as `rules::labels`, each with the modules it imports.
///
/// Imports are read from paths that begin with `crate::` or `super::`, in the form that rustfmt gives them.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let mut sources = BTreeMap::new();
    read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path(), "", &mut sources);
    let modules: BTreeSet<String> = sources.keys().cloned().collect();
    sources.iter().map(|(module, source)| (module.clone(), imported(module, source, &modules))).collect()
}

fn read(folder: &Path, prefix: &str, sources: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let module = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
        if path.is_dir() {
            read(&path, &module, sources);
        } else {
            let source = fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]").next().unwrap();
            let code: Vec<&str> = code.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
            sources.insert(module.strip_suffix("::mod").unwrap_or(&module).to_owned(), code.join(" "));
        }
    }
}

fn imported(module: &str, source: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let mut found = BTreeSet::new();
    for (start, base) in [("crate::", ""), ("super::", parent)] {
        for tree in source.split(start).skip(1) {
            for path in leaves(tree) {
                let path = if base.is_empty() { path } else { format!("{base}::{path}") };
                // The longest prefix that names a module; an item of a parent module belongs to the parent.
                let target =
                    modules.iter().filter(|known| path == **known || path.starts_with(&format!("{known}::"))).max_by_key(|m| m.len());
                found.extend(target.filter(|target| *target != module).cloned());
            }
        }
    }
    found
}

/// The paths of a use tree, `a::{b::C, d}` as `a::b::C` and `a::d`; of any other text, its leading path.
fn leaves(tree: &str) -> Vec<String> {
    let (mut leaves, mut prefixes, mut current) = (Vec::new(), vec![String::new()], String::new());
    for c in tree.chars() {
        match c {
            c if c.is_alphanumeric() || c == '_' || c == ':' => current.push(c),
            ' ' => {}
            '{' if current.is_empty() || current.ends_with("::") => {
                prefixes.push(format!("{}{}", prefixes.last().unwrap(), std::mem::take(&mut current)));
            }
            ',' | '}' if prefixes.len() > 1 => {
                if !current.is_empty() {
                    leaves.push(format!("{}{}", prefixes.last().unwrap(), std::mem::take(&mut current)));
                }
                if c == '}' {
                    prefixes.pop();
                }
            }
            _ => break,
        }
    }
    if prefixes.len() == 1 && !current.is_empty() {
        leaves.push(current);
    }
    leaves
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| module.split("::").next() == Some(layer))
}

#[test]
fn layers_import_downwards_only() {
    let mut checked = 0;
    for (module, imports) in imports() {
        for import in imports {
            let (Some(from), Some(to)) = (layer(&module), layer(&import)) else { continue };
            assert!(to <= from, "{module} imports {import}, which is in a higher layer");
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} imports were found");
}

#[test]
fn modules_do_not_import_each_other_in_a_circle() {
    let mut imports = imports();
    // A parent module and its own submodules are one idea in several files.
    for (module, imports) in &mut imports {
        imports.retain(|import| !module.starts_with(&format!("{import}::")) && !import.starts_with(&format!("{module}::")));
    }
    loop {
        let free: Vec<String> = imports.iter().filter(|(_, imports)| imports.is_empty()).map(|(module, _)| module.clone()).collect();
        if free.is_empty() {
            break;
        }
        imports.retain(|module, _| !free.contains(module));
        for imports in imports.values_mut() {
            imports.retain(|import| !free.contains(import));
        }
    }
    assert!(imports.is_empty(), "these modules import each other in a circle: {imports:?}");
}

#[test]
fn leaves_of_a_use_tree_are_whole_paths() {
    assert_eq!(
        leaves("model::{clock::{Clock, EpochMillis}, error::StorageError}, rest"),
        ["model::clock::Clock", "model::clock::EpochMillis", "model::error::StorageError",]
    );
    assert_eq!(leaves("rules::quota; use std::x"), ["rules::quota"]);
}

/// The names of all crates that the domain depends on, without dev-dependencies, as cargo resolves them.
fn dependencies() -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let tree = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--offline", "--locked", "-p", "sightline-domain", "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).unwrap();
    lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn the_domain_depends_on_no_aws_sdk_no_tokio_and_no_lambda() {
    let names = dependencies();
    assert!(names.iter().any(|name| name == "serde_json"), "cargo tree printed no dependencies: {names:?}");
    let forbidden = ["tokio", "lambda_runtime", "hyper", "reqwest", "sightline-aws", "sightline-kit"];
    let foreign: Vec<_> = names.iter().filter(|name| name.starts_with("aws-") || forbidden.contains(&name.as_str())).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

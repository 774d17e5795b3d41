//! The folder of what is kept between runs.

use std::path::PathBuf;

/// Where things are kept that a run would otherwise compute or pay for again.
#[derive(Debug, Clone, clap::Args)]
pub struct CacheArguments {
    /// Folder where sentence vectors and answers are kept between runs [default: ~/.cache/aquiline]
    #[arg(long, value_name = "DIR", env = "AQUILINE_CACHE", hide_env_values = true, help_heading = "Models")]
    cache: Option<PathBuf>,
    /// Keep no sentence vectors and no answers, and use none that were kept
    #[arg(long, help_heading = "Models")]
    no_cache: bool,
}

impl CacheArguments {
    /// The folder, if things may be kept.
    pub fn folder(&self) -> Option<PathBuf> {
        if self.no_cache { None } else { self.named() }
    }

    /// The folder of model files that are kept.
    pub fn models(&self) -> Option<PathBuf> {
        Some(self.named()?.join("models"))
    }

    fn named(&self) -> Option<PathBuf> {
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let of_user = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
        self.cache.clone().or_else(|| Some(of_user()?.join("aquiline")))
    }
}

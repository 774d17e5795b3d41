#!/usr/bin/env bash
# Everything this project does, from one file; CI runs the same. Safe to run twice.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Big and shared by every checkout, so that a second checkout is warm.
CACHE="${AQUILINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aquiline}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$CACHE/target}"
export AQUILINE_MODELS="${AQUILINE_MODELS:-$CACHE/models}"
TOOLS="$CACHE/tools"
export PATH="$TOOLS/bin:$PATH"
# Models made for evaluation, never shipped; tests that read it say so when it is absent.
export AQUILINE_MOVIELENS="${AQUILINE_MOVIELENS:-$PWD/../shared/eval/ml-latest-small}"

WASM_BINDGEN=0.2.130
# llama.cpp with its own server, as a wheel without dependencies (MIT). Only tests use it.
XLLAMACPP=2026.10.11549
WASM_FEATURES=(--enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext
  --enable-mutable-globals --enable-reference-types --enable-multivalue)

usage() {
  cat <<'TEXT'
usage: ./build.sh COMMAND

  demo    one steering episode in the terminal, then the page on localhost
          --once  only the terminal   --json  machine-readable   --seed N
          --data DIR  a MovieLens-format folder   --user ID   --item ID   --policy NAME   --horizon N
  test    everything that must stay true (what CI runs)
  check   format, lints and types only
  models  fetch and verify the model files
  wasm    build both browser cores
  npm     build the npm package (cores included)
  bench   speed and quality figures, printed
  paper   the paper's tables on the embedded films, and on ml-latest-small where it is; hours. Raw outcomes and policies
          go to paper/, and a run that was ended goes on there. Options as of 'aquiline paper'
  shots   pictures of every panel, in both themes and at a phone's width, into shots/
  docs    the package's reference, into pkg/docs-api
  size    sizes of what the browser downloads, checked against their limits
TEXT
}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || fail "$1 is missing: $2"; }

need_rust() {
  need cargo "install Rust with rustup, https://rustup.rs"
  if command -v rustup >/dev/null && ! rustup target list --installed | grep -q wasm32-unknown-unknown; then
    rustup target add wasm32-unknown-unknown >&2
  fi
}

need_wasm_bindgen() {
  [[ "$(wasm-bindgen --version 2>/dev/null)" == "wasm-bindgen $WASM_BINDGEN" ]] && return
  say "Installing wasm-bindgen $WASM_BINDGEN"
  # The crate's own lock file first; where a registry lacks one of its versions, the newest that fits.
  # It runs for seconds, so it is not worth minutes of optimising.
  local install=(cargo install wasm-bindgen-cli --version "=$WASM_BINDGEN" --bin wasm-bindgen --root "$TOOLS")
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 "${install[@]}" --locked || CARGO_PROFILE_RELEASE_OPT_LEVEL=1 "${install[@]}"
}

need_npm() {
  need node "install Node.js 20 or newer"
  need npm "it comes with Node.js"
  local stamp=pkg/node_modules/.installed
  if [[ ! -e $stamp || pkg/package-lock.json -nt $stamp ]]; then
    (cd pkg && npm ci --no-audit --no-fund >&2)
    touch "$stamp"
  fi
}

# What the package's own tests need beside it: bundlers and what checks packages.
need_packaging() {
  local stamp=tests/packaging/node_modules/.installed
  if [[ ! -e $stamp || tests/packaging/package-lock.json -nt $stamp ]]; then
    (cd tests/packaging && npm ci --no-audit --no-fund >&2)
    touch "$stamp"
  fi
}

need_chromium() {
  CHROME="${CHROME:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
  if [[ -z $CHROME && $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    say "Installing Chromium"
    apt-get update -qq && apt-get install -y -qq chromium >/dev/null
    CHROME="$(command -v chromium || true)"
  fi
  [[ -n $CHROME ]] || fail "Chromium is missing: run 'sudo apt-get install chromium', or set CHROME to a browser"
  export CHROME
}

# A real server of language models for the tests, where this machine can have one.
find_llama() {
  local place="$TOOLS/llama-$XLLAMACPP"
  if [[ ! -x $place/bin/python ]]; then
    say "Installing llama.cpp's server"
    rm -rf "$place"
    if ! { python3 -m venv "$place" && "$place/bin/pip" install --quiet --only-binary :all: "xllamacpp==$XLLAMACPP"; } >&2; then
      rm -rf "$place"
      say "It cannot be had on this machine, so its tests are skipped"
      return
    fi
  fi
  export AQUILINE_LLAMA="$place/bin/python"
}

models() {
  need node "install Node.js 20 or newer"
  node scripts/models.mjs "$AQUILINE_MODELS"
}

# core FEATURE DIRECTORY: one browser core, kept by the hash of what it is made from: both are linked to the same file, so
# that cargo would link, and we optimise, the two of them anew each time.
core() {
  local kept="$CACHE/cores/$1-$(core_inputs | sha256sum | cut -c1-32)"
  if [[ ! -e $kept ]]; then
    say "Building the $1 core"
    # Without the remapping every panic message would carry this machine's paths to the browser.
    RUSTFLAGS="-C target-feature=+simd128 --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src/=" \
      cargo build --quiet --profile core --lib --target wasm32-unknown-unknown --no-default-features --features "$1"
    rm -rf "$kept.part"
    wasm-bindgen --target web --out-name core --out-dir "$kept.part" \
      "$CARGO_TARGET_DIR/wasm32-unknown-unknown/core/aquiline.wasm"
    pkg/node_modules/.bin/wasm-opt -O2 --strip-debug --strip-producers "${WASM_FEATURES[@]}" \
      -o "$kept.part/core_bg.wasm" "$kept.part/core_bg.wasm"
    mv "$kept.part" "$kept"
  fi
  mkdir -p "pkg/dist/$2"
  cp "$kept"/* "pkg/dist/$2"
}

# Of this file only what makes a core.
core_inputs() {
  declare -f core
  echo "$WASM_BINDGEN ${WASM_FEATURES[*]}"
  cat rust-toolchain.toml Cargo.toml Cargo.lock
  # Of the packages only the optimiser.
  grep -A 3 '"node_modules/binaryen"' pkg/package-lock.json
  find src data -type f -not -path 'src/bin/*' | LC_ALL=C sort | xargs cat
}

wasm() {
  need_rust
  need_wasm_bindgen
  need_npm
  core cpu cpu
  core gpu webgpu
}

# Leaves CORES, a process to wait for, and CORES_LOG, what it says. It ends with this script, however that ends.
wasm_in_background() {
  need_rust
  need_wasm_bindgen
  need_npm
  CORES_LOG="$(mktemp)"
  set -m
  wasm >"$CORES_LOG" 2>&1 &
  set +m
  CORES=$!
  trap 'kill -- -"$CORES" 2>/dev/null || true; rm -f "$CORES_LOG"' EXIT
}

face() {
  need_npm
  mkdir -p pkg/dist
  cp data/catalog.jsonl pkg/dist/catalog.jsonl
  cp LICENSE-* pkg
  (cd pkg && npm run --silent build)
  embedded
}

# Vectors and fit of the embedded catalog, kept by the hash of what they are computed from.
embedded() {
  local inputs
  inputs="$(cat pkg/dist/cpu/core_bg.wasm data/catalog.jsonl scripts/embedded.mjs pkg/src/embedded.ts | sha256sum | cut -c1-32)"
  local kept="$CACHE/embedded/$inputs"
  if [[ ! -e $kept ]]; then
    models
    say "Reading and fitting the embedded catalog"
    node scripts/embedded.mjs "$kept.part"
    mv "$kept.part" "$kept"
  fi
  mkdir -p pkg/dist/embedded
  cp "$kept"/* pkg/dist/embedded
}

npm_package() {
  wasm
  face
}

demo() {
  # The terminal run needs the small core only; the page gets both.
  models
  npm_package
  node scripts/demo.mjs "$@"
}

check() {
  need_rust
  need_npm
  say "Format, lints and types"
  cargo fmt --check
  cargo clippy --quiet --features cli --all-targets -- -D warnings
  RUSTDOCFLAGS='-D warnings' cargo doc --quiet --features cli --no-deps
  (cd pkg && npm run --silent typecheck)
}

run_tests() {
  models
  # Linking a core keeps one processor busy for minutes, and the native tests leave one idle as often.
  wasm_in_background
  check
  say "Native tests"
  # The same drawn cases every time, so that a change is judged and not the draw. To draw others:
  # PROPTEST_CASES=20000 PROPTEST_MAX_GLOBAL_REJECTS=10000000 cargo test --features cli
  PROPTEST_RNG_SEED="${PROPTEST_RNG_SEED:-1}" cargo test --quiet --features cli
  say "Waiting for the browser cores"
  wait "$CORES" || { cat "$CORES_LOG" >&2 && fail "the browser cores could not be built"; }
  cat "$CORES_LOG" >&2
  face
  size
  need_chromium
  say "Package tests under Node and in Chromium"
  (cd pkg && node --test test/*.test.mjs)
  say "The packed package in projects of others"
  need_packaging
  node --test tests/packaging/*.test.mjs
  find_llama
  say "Browser tests"
  node --test tests/web/*.test.mjs
}

size() {
  node scripts/size.mjs
}

shots() {
  models
  npm_package
  need_chromium
  node scripts/shots.mjs "${1:-shots}"
}

docs() {
  npm_package
  need_packaging
  (cd tests/packaging && npm run --silent docs)
}

# bench [NAME [ARGUMENT]]: all of them, or one.
bench() {
  need_rust
  case "${1:-all}" in
    all)
      bench design && bench gaps && bench learner && bench alignment && bench steering && bench eagle && bench llm && bench wasm
      ;;
    # The mathematics alone: no encoder to build.
    design | gaps) cargo bench --quiet --no-default-features --bench "$1" ;;
    llm) cargo bench --quiet --no-default-features --features http --bench llm ;;
    # Not among all of them: it takes as many minutes as it is given.
    fuzz) cargo bench --quiet --no-default-features --bench fuzz -- "${2:-10}" ;;
    # Random numbers in place of the encoder's, and PyTorch as peer where there is one.
    learner)
      local python="${PYTHON:-python3}"
      if ! "$python" -c 'import torch' 2>/dev/null; then
        say "The peer is missing: $python has no torch (pip install torch; PYTHON names another interpreter)"
        python=
      fi
      cargo bench --quiet --bench learner -- ${python:+"$python"}
      ;;
    wasm)
      npm_package
      node benches/wasm.mjs
      ;;
    *)
      models
      cargo bench --quiet --bench "$1" -- "${@:2}"
      ;;
  esac
}

paper() {
  need_rust
  models
  cargo build --quiet --release --features cli
  local aquiline="$CARGO_TARGET_DIR/release/aquiline"
  "$aquiline" paper "$@"
  if [[ -e $AQUILINE_MOVIELENS/ratings.csv.gz ]]; then
    "$aquiline" paper --data "$AQUILINE_MOVIELENS" "$@"
  fi
}

case "${1:-}" in
  demo) shift && demo "$@" ;;
  test) run_tests ;;
  check) check ;;
  models) models ;;
  wasm) wasm ;;
  npm) npm_package ;;
  bench) shift && bench "$@" ;;
  paper) shift && paper "$@" ;;
  size) size ;;
  shots) shift && shots "$@" ;;
  docs) docs ;;
  *) usage && exit 2 ;;
esac

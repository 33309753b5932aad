#!/usr/bin/env bash
# The first step of the GitHub action: judges once, as annotations and as files for the later steps, and
# leaves the exit code to the last one.
#
#   in    INPUT_*, one for each input of action.yml; BROLLY_BINARY instead of the npm package
#   out   exit-code, errors, warnings, sarif, json and markdown in $GITHUB_OUTPUT; $GITHUB_STEP_SUMMARY
set -euo pipefail
cd "${INPUT_WORKING_DIRECTORY:-.}"

# In a container the checkout belongs to somebody else, and git would not read it.
if [ -z "${GIT_CONFIG_COUNT:-}" ]; then
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="$PWD"
fi

# The version of this action: the one that the crate has at the same commit.
version() {
  sed -n '/^version = "\(.*\)"$/ { s//\1/p; q; }' "$GITHUB_ACTION_PATH/Cargo.toml"
}

if [ -n "${BROLLY_BINARY:-}" ]; then
  brolly=("$BROLLY_BINARY")
elif [ -n "${INPUT_VERSION:-}" ]; then
  brolly=(npx --yes "brolly@$INPUT_VERSION")
elif [ -e node_modules/.bin/brolly ]; then
  brolly=(node_modules/.bin/brolly)
else
  brolly=(npx --yes "brolly@$(version)")
fi

# A shallow clone lacks what is deployed. In a full one, a depth would cut the history off.
bring() {
  if git rev-parse --quiet --verify "$1^{commit}" >/dev/null; then return; fi
  local depth=() what
  if [ "$(git rev-parse --is-shallow-repository)" = true ]; then depth=(--depth=1); fi
  for what in "+refs/tags/$1:refs/tags/$1" "+refs/heads/$1:refs/remotes/origin/$1" "$1"; do
    # Where none of them works, brolly says which version is missing.
    if git fetch --quiet --no-tags ${depth[@]+"${depth[@]}"} origin "$what" 2>/dev/null; then return; fi
  done
}

# Values with several words are meant to be split, and not to be patterns.
set -f
reports=$(mktemp -d "${RUNNER_TEMP:-/tmp}/brolly.XXXXXX")
args=(lint --format github)
for format in sarif json markdown; do args+=(--also "$format=$reports/brolly.$format"); done
if [ -n "${INPUT_BASE:-}" ]; then args+=(--base "$INPUT_BASE"); fi
for deployed in ${INPUT_DEPLOYED:-}; do
  bring "$deployed"
  args+=(--deployed "$deployed")
done
if [ -n "${INPUT_FAIL_ON:-}" ]; then args+=(--fail-on "$INPUT_FAIL_ON"); fi
case " ${INPUT_ARGS:-} " in
  *" --all "*) ;;
  *) args+=(--fetch-base) ;;
esac
# shellcheck disable=SC2206 # several words
args+=(${INPUT_ARGS:-} ${INPUT_PATHS:-})
set +f

status=0
"${brolly[@]}" "${args[@]}" 2>"$reports/errors" || status=$?
cat "$reports/errors" >&2

set_output() { printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; }
if [ -s "$reports/brolly.markdown" ]; then
  for format in sarif json markdown; do set_output "$format" "$reports/brolly.$format"; done
  for count in errors warnings; do
    set_output "$count" "$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).summary[process.argv[2]]' \
      "$reports/brolly.json" "$count")"
  done
  cat "$reports/brolly.markdown" >>"$GITHUB_STEP_SUMMARY"
else
  # Nothing was judged, whatever the code says: npx ends with 1 where it can't fetch the package.
  status=2
  {
    printf '### brolly could not do its job\n\n'
    sed 's/^/    /' "$reports/errors"
  } >>"$GITHUB_STEP_SUMMARY"
fi
set_output exit-code "$status"

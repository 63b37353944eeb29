# shellcheck shell=bash disable=SC2034
# What several scripts need; sourced, never run. The sourcing script has set -euo pipefail.

root_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache_dir="${XDG_CACHE_HOME:-$HOME/.cache}/tidemark" # cmake/CsvParser.cmake looks in the same place
csv_parser_version=5.6.0                             # and for the same version

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
fail() { say "$*"; exit 1; }

# as_root COMMAND…: runs it as root, through sudo when we are not root.
as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "needs root for '$*', and there is no sudo"
  fi
}

# build_preset PRESET [CONFIGURE OPTION…] [--target TARGET…]: configures build/PRESET and builds it, or those targets.
build_preset() {
  local preset=$1 options=()
  shift
  while [[ $# -gt 0 && $1 != --target ]]; do
    options+=("$1")
    shift
  done
  cmake --preset "$preset" -S "$root_dir" "${options[@]}"
  cmake --build "$root_dir/build/$preset" "$@"
}

# shellcheck shell=bash
# What the doors in this folder share: where the checkout is, Debian packages, the virtual environment.

ROOT=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck disable=SC2034  # the doors use it
BIN=$ROOT/.venv/bin

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# about   prints what a door's head tells of it.
about() { sed -n '2,/^set /s/^# \{0,1\}//p' -- "$0"; }

stop() {
  say "$@"
  exit 1
}

# What the real Ekos needs, as programs and their packages.
# shellcheck disable=SC2034  # test-ekos and .ci/run use it
EKOS=(kstars:kstars Xvfb:xvfb dbus-daemon:dbus-daemon gdbus:libglib2.0-bin indiserver:indi-bin ip:iproute2)

# What a door needs beside Python, as EKOS; it is told together with what Python itself lacks.
PROGRAMS=()

# can_install   may Debian packages be installed without asking anybody?
can_install() { command -v apt-get >/dev/null && { ((EUID == 0)) || sudo -n true 2>/dev/null; }; }

# debian PROGRAM:PACKAGE...   installs the packages whose program is missing, or names the command and stops.
debian() {
  local pair missing=() as_root=()
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  ((${#missing[@]})) || return 0
  if ((EUID)); then as_root=(sudo -n); fi
  if ! can_install; then
    [[ ! -e $ROOT/.venv/.installed-lock ]] || say ".venv is ready: nothing of Python is missing any more"
    stop "what remains needs the rights for apt; please run, and then $0 again:" \
      " sudo apt-get update && sudo apt-get install ${missing[*]}"
  fi
  # Another apt may hold the lock, and a fresh system has no package lists yet.
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600)
  local install=("${apt[@]}" install -y --no-install-recommends "${missing[@]}")
  say "installing ${missing[*]}"
  "${install[@]}" </dev/null >&2 || { "${apt[@]}" update </dev/null >&2 && "${install[@]}" </dev/null >&2; } ||
    stop "apt could not install ${missing[*]}"
}

# usable_python PYTHON MODULE...   is it a 64-bit Python that the pinned wheels exist for, with these modules?
usable_python() {
  "$1" -c '
import importlib, sys
[importlib.import_module(name) for name in sys.argv[1:]]
sys.exit(not ((3, 11) <= sys.version_info < (3, 15) and sys.maxsize > 2**32))' "${@:2}" 2>/dev/null
}

# find_python MODULE...   prints the first usable Python, the system's own default before others.
find_python() {
  local python
  for python in python3 python3.13 python3.12 python3.11 python3.14 /usr/bin/python3; do
    if usable_python "$python" "$@"; then
      echo "$python"
      return
    fi
  done
  return 1
}

# venv_modules   installs what makes virtual environments, which Debian keeps in a package of its own.
venv_modules() {
  find_python venv ensurepip >/dev/null || python3 -c 'import venv, ensurepip' 2>/dev/null ||
    debian no-such-program:python3-venv "${PROGRAMS[@]}"
}

# make_venv   gives .venv a working Python with pip; one that was moved or copied here is made anew.
make_venv() {
  local python
  if grep -qsF "$ROOT/.venv" "$BIN/activate"; then
    if usable_python "$BIN/python" pip; then return; fi
    if usable_python "$BIN/python" ensurepip && "$BIN/python" -m ensurepip >&2; then return; fi
  fi
  venv_modules
  python=$(find_python venv ensurepip) ||
    stop "found no 64-bit Python 3.11 to 3.14 that can make a virtual environment"
  say "making .venv with $("$python" --version)"
  if [[ -L $ROOT/.venv ]]; then rm -- "$ROOT/.venv"; fi # --clear would empty what it leads to
  "$python" -m venv --clear "$ROOT/.venv"
}

# pip_install PYTHON ARGUMENT...   installs at the pinned versions; relative paths are from the checkout.
pip_install() {
  # --no-deps: the pins are complete, but for three packages that pyindi-client's metadata asks for and none of its code
  # imports (requests, bottle, dbus-python), and those that rich shows source code with. dbus-python has no wheel and
  # would need a compiler. --no-compile: most modules are never used. The constraint is for what builds this package;
  # its path is relative, for pip would split it at a blank.
  env --chdir="$ROOT" PIP_CONSTRAINT=requirements/dev.txt \
    "$1" -m pip --disable-pip-version-check install --quiet --no-deps --no-compile "${@:2}" >&2
}

# fingerprint NAME   changes when requirements/NAME.txt, this package's metadata, its place or the Python do.
fingerprint() {
  { cat "$ROOT/requirements/$1.txt" "$ROOT/pyproject.toml" && echo "$ROOT" && "$BIN/python" --version; } | sha256sum
}

# environment NAME...   makes .venv hold this package and requirements/NAME.txt; quick when it does already.
environment() (
  exec 9<"$ROOT" && flock 9 # two doors opened at once must not both write .venv
  for name in "$@"; do
    stamp=$ROOT/.venv/.installed-$name
    if [[ -x $BIN/python && -e $stamp && $(<"$stamp") == "$(fingerprint "$name")" ]]; then continue; fi
    make_venv
    say "installing requirements/$name.txt"
    pip_install "$BIN/python" --only-binary :all: -r "requirements/$name.txt"
    if [[ $name == lock ]]; then
      words=()
      if [[ -e $ROOT/.venv/.installed-dev ]]; then words=(--no-build-isolation); fi # works offline, too
      pip_install "$BIN/python" "${words[@]}" --config-settings editable_mode=compat -e "$ROOT"
    fi
    fingerprint "$name" >"$stamp"
  done
)

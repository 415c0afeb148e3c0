# shellcheck shell=bash disable=SC2034  # install and uninstall use them
# Where install puts what, and uninstall finds it.

PREFIX=/opt/indistack
COMMANDS=(indistack indistack-pre-job indistack-post-capture indistack-post-job indi_indistack)
LINKS=/usr/bin # beside indiserver
DRIVER=/usr/share/indi/indi_indistack.xml # a real file: profile editors take no links
UNIT=/etc/systemd/system/indistack.service
OWN_USER=indistack
EXTENSIONS=.local/share/kstars/extensions # in a home: what Ekos offers there
EXTENSION_RECORD=extension-of-ekos # a file in PREFIX: where the extension lies
DATA=/var/lib/indistack
MARK=made-by-indistack-install # a file in PREFIX: only such a folder is ever cleared or removed

# booted_with_systemd   does systemd run, so that it can be told? Not in a chroot or a container.
booted_with_systemd() { [[ -d /run/systemd/system ]]; }

# is_our_driver FILE   is it the description of our driver?
is_our_driver() { [[ -f $1 && ! -L $1 ]] && grep -qsF -- '>indi_indistack<' "$1"; }

# is_ours LINK   does a link in /usr/bin lead into PREFIX?
is_ours() { [[ -L $1 && $(readlink -- "$1") == "$PREFIX"/* ]]; }

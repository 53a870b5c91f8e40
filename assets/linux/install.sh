#!/bin/sh
# Puts Lacuna into the desktop's menu: desktop file, icons and AppStream description, below PREFIX/share; and beside
# them the manual, and completions for bash, zsh and fish.
#
#   assets/linux/install.sh [PREFIX]        default: ~/.local
#
# The program itself comes from `cargo install --path . --locked`; its folder has to be in PATH. Undo: remove the files
# that this prints.
set -eu
prefix=${1:-$HOME/.local}
here=$(cd "$(dirname "$0")" && pwd)
icons=$here/../icon

put() { # FILE DESTINATION
    mkdir -p "$(dirname "$prefix/share/$2")"
    cp "$1" "$prefix/share/$2"
    chmod 644 "$prefix/share/$2"
    echo "$prefix/share/$2"
}

put "$here/lacuna.desktop" applications/lacuna.desktop
put "$here/lacuna.metainfo.xml" metainfo/lacuna.metainfo.xml
put "$icons/lacuna.svg" icons/hicolor/scalable/apps/lacuna.svg
put "$icons/lacuna-256.png" icons/hicolor/256x256/apps/lacuna.png
put "$icons/lacuna-32.png" icons/hicolor/32x32/apps/lacuna.png

# The program writes its own manual and completions.
if command -v lacuna >/dev/null; then
    complete() { # SHELL DESTINATION
        mkdir -p "$(dirname "$prefix/share/$2")"
        lacuna completions "$1" >"$prefix/share/$2"
        echo "$prefix/share/$2"
    }
    complete bash bash-completion/completions/lacuna
    complete zsh zsh/site-functions/_lacuna
    complete fish fish/vendor_completions.d/lacuna.fish
    lacuna man --out "$prefix/share/man/man1" --quiet
    ls "$prefix"/share/man/man1/lacuna*.1
else
    echo "lacuna is not in PATH: without manual and completions" >&2
fi

# Caches that some desktops keep; without these tools they are made again later.
if command -v update-desktop-database >/dev/null; then
    update-desktop-database -q "$prefix/share/applications" || true
fi
if [ -e "$prefix/share/icons/hicolor/index.theme" ] && command -v gtk-update-icon-cache >/dev/null; then
    gtk-update-icon-cache -q "$prefix/share/icons/hicolor" || true
fi

#!/bin/sh
# Puts Lacuna into the desktop's menu: desktop file, icons, AppStream description and the type of its projects, below
# PREFIX/share; and beside them the manual, and completions for bash, zsh and fish.
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
put "$here/lacuna-mime.xml" mime/packages/lacuna.xml
put "$icons/lacuna.svg" icons/hicolor/scalable/apps/lacuna.svg
put "$icons/lacuna-256.png" icons/hicolor/256x256/apps/lacuna.png
put "$icons/lacuna-32.png" icons/hicolor/32x32/apps/lacuna.png

# The program writes its own manual and completions.
if command -v lacuna >/dev/null; then
    made=$(mktemp -d)
    trap 'rm -rf "$made"' EXIT
    for shell in bash zsh fish; do
        lacuna completions "$shell" >"$made/$shell"
    done
    lacuna man --out "$made/man1" --quiet
    put "$made/bash" bash-completion/completions/lacuna
    put "$made/zsh" zsh/site-functions/_lacuna
    put "$made/fish" fish/vendor_completions.d/lacuna.fish
    for page in "$made"/man1/*.1; do
        put "$page" "man/man1/${page##*/}"
    done
else
    echo "lacuna is not in PATH: without manual and completions" >&2
fi

# Caches that some desktops keep; without these tools they are made again later.
if command -v update-desktop-database >/dev/null; then
    update-desktop-database -q "$prefix/share/applications" || true
fi
if command -v update-mime-database >/dev/null; then
    update-mime-database "$prefix/share/mime" >/dev/null || true
fi
if [ -e "$prefix/share/icons/hicolor/index.theme" ] && command -v gtk-update-icon-cache >/dev/null; then
    gtk-update-icon-cache -q "$prefix/share/icons/hicolor" || true
fi

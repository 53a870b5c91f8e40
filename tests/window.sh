#!/usr/bin/env bash
# Runs the real window on a virtual screen as a person would: opens the sample, fills it, exports, paints with the
# pointer, fills again, compares. Fails where something does not happen; checks that the window's export and
# `lacuna inpaint` give the same file, byte for byte; keeps pictures of the screen.
#
#   tests/window.sh [BINARY [FOLDER [PHOTO]]]      default: target/release/lacuna, screenshots, the sample
#
# With a PHOTO of your own it paints over its middle, saves the mask, fills, exports and compares with the command line.
#
# Needs (Debian): xvfb openbox xdotool imagemagick mesa-vulkan-drivers libxkbcommon-x11-0 libx11-xcb1 libxcursor1
# libxi6 libxrandr2 libegl1
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath "${1:-$root/target/release/lacuna}")
pictures=$(realpath -m "${2:-$root/screenshots}")
original=${3:+$(realpath "$3")}
work=$(mktemp -d)
mkdir -p "$pictures" "$work/home" "$work/run"
chmod 700 "$work/run"

fail() {
    echo "window.sh: $*" >&2
    exit 1
}

for tool in Xvfb openbox xdotool import; do
    command -v "$tool" >/dev/null || fail "$tool is missing; see the top of this script"
done

# A screen of its own, one window that covers it, and nobody's settings.
exec 3<>"$work/display"
Xvfb -displayfd 3 -screen 0 1600x1000x24 >/dev/null 2>&1 &
xvfb=$!
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do [ -s "$work/display" ] && break; sleep 0.1; done
[ -s "$work/display" ] || fail "the virtual screen $xvfb did not start"
export DISPLAY=":$(tr -d '\n' <"$work/display")" HOME="$work/home" XDG_RUNTIME_DIR="$work/run" WGPU_BACKEND=vulkan
cat >"$work/openbox.xml" <<'XML'
<openbox_config xmlns="http://openbox.org/3.4/rc"><applications>
<application class="*"><decor>no</decor><maximized>yes</maximized></application>
</applications></openbox_config>
XML
openbox --config-file "$work/openbox.xml" >/dev/null 2>&1 &

# Waits until the screen has stopped changing.
settle() {
    local before="" after=""
    for _ in $(seq 60); do
        sleep "${1:-0.7}"
        after=$(import -window root rgb:- | sha256sum)
        [ "$before" = "$after" ] && return
        before=$after
    done
    fail "the screen does not come to rest"
}

shot() {
    settle
    import -window root -quality 88 "$pictures/$1.jpg"
    echo "  $1.jpg"
}

# Runs a command of the palette by some letters of its name.
command_named() {
    xdotool key ctrl+shift+p
    settle
    xdotool type --delay 120 "$1"
    settle
    xdotool key Return
    settle
}

# Waits for a file that the window writes.
written() {
    for _ in $(seq 150); do [ -s "$1" ] && break; sleep 0.2; done
    [ -s "$1" ] || fail "$(basename "$1") was not written"
    settle 2
}

drag() { # from x y to x y
    xdotool mousemove "$1" "$2"
    sleep 0.5
    xdotool mousedown 1
    sleep 0.5
    for step in $(seq 20); do
        xdotool mousemove $(($1 + ($3 - $1) * step / 20)) $(($2 + ($4 - $2) * step / 20))
        sleep 0.04
    done
    xdotool mouseup 1
    settle
}

cd "$work"
photo=
if [ -n "$original" ]; then
    photo=$work/photo.${original##*.}
    cp "$original" "$photo"
fi
"$binary" ${photo:+"$photo"} 2>"$work/log" &
app=$!
for _ in $(seq 200); do xdotool search --name Lacuna >/dev/null 2>&1 && break; sleep 0.2; done
xdotool search --name Lacuna >/dev/null || fail "no window: $(cat "$work/log")"
settle 2

if [ -n "$photo" ]; then
    drag 560 460 620 520
    drag 620 440 560 500
    command_named "save mask"
    xdotool key Return
    written "$work/photo-mask.png"
    xdotool key Return
    settle 3
    xdotool key ctrl+e
    settle
    xdotool key Return
    written "$work/photo-edited.${photo##*.}"
    "$binary" inpaint "$photo" --mask "$work/photo-mask.png" -o "$work/command-line.${photo##*.}" --quiet
    cmp "$work/photo-edited.${photo##*.}" "$work/command-line.${photo##*.}" || fail "window and command line differ"
    echo "window.sh: painted by hand, window and command line: the same file"
    exit
fi
shot sample

# Fill, and export with what the dialog offers.
xdotool mousemove 500 300 key Return
settle 2
shot filled
xdotool key ctrl+e
shot export
xdotool key Return
written "$HOME/Sample-edited.jpg"
"$binary" inpaint "$root/assets/sample/photo.jpg" --mask "$root/assets/sample/mask.png" -o command-line.jpg --quiet
cmp "$HOME/Sample-edited.jpg" command-line.jpg || fail "window and command line differ"
echo "  window and command line: the same file"

# Paint over the lamp and its shadow with the pointer, slowly enough for software drawing.
import -window root rgb:- >before.rgb
xdotool key bracketright bracketright bracketright bracketright
drag 607 268 607 350
drag 640 280 700 372
drag 660 340 700 400
shot painting
import -window root rgb:- >after.rgb
cmp -s before.rgb after.rgb && fail "the stroke left no trace"
xdotool key Return
settle 2
xdotool key y
settle
drag 683 500 815 500
xdotool mousemove 1200 700
shot split
xdotool key shift+y
shot side-by-side
xdotool key shift+y
xdotool key question
shot shortcuts
xdotool key Escape
settle

kill -0 "$app" 2>/dev/null || fail "the window is gone: $(cat "$work/log")"
echo "window.sh: done"

#!/usr/bin/env bash
# Runs the real window on a virtual screen as a person would: opens the sample, fills it, exports, paints with the
# pointer, fills again, compares, is killed, saves a project. Fails where something does not happen; checks that the
# window's export and `lacuna inpaint` give the same file, byte for byte, and that a project does; keeps pictures of the
# screen.
#
#   tests/window.sh [BINARY [FOLDER [PHOTO]]]      default: target/release/lacuna, screenshots, the sample
#
# With a PHOTO of your own it paints over its middle, saves the mask, fills, exports and compares with the command line.
# Then it trains for a moment on cut-outs of the scenes: chooses their folder, waits for curves and samples, stops,
# closes the window, resumes after a restart, and takes the weights into use. ONLY=train does nothing else, ONLY=edit
# leaves it out. The pictures of its steps are thrown away, but for those in the README; ASIDE=FOLDER keeps them there.
#
# Needs (Debian): xvfb openbox xdotool imagemagick mesa-vulkan-drivers libxkbcommon-x11-0 libx11-xcb1 libxcursor1
# libxi6 libxrandr2 libegl1
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath "${1:-$root/target/release/lacuna}")
pictures=$(realpath -m "${2:-$root/screenshots}")
original=${3:+$(realpath "$3")}
work=$(mktemp -d)
aside=$(realpath -m "${ASIDE:-$work/aside}")
mkdir -p "$pictures" "$aside" "$work/home" "$work/run"
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

shot() { # name folder
    settle
    import -window root -quality 88 "${2:-$pictures}/$1.jpg"
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

# The same on a screen that does not come to rest.
command_named_at_once() {
    xdotool key ctrl+shift+p
    sleep 1.5
    xdotool type --delay 120 "$1"
    sleep 1.5
    xdotool key Return
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

start() { # arguments of the program
    "$binary" "$@" 2>>"$work/log" &
    app=$!
    for _ in $(seq 200); do xdotool search --name Lacuna >/dev/null 2>&1 && break; sleep 0.2; done
    xdotool search --name Lacuna >/dev/null || fail "no window: $(cat "$work/log")"
    settle 2
}

quit() {
    xdotool key ctrl+q
    for _ in $(seq 300); do kill -0 "$app" 2>/dev/null || return 0; sleep 0.2; done
    fail "the window does not close"
}

# Waits until the log of the run has so many lines of a kind.
told() { # kind count
    for _ in $(seq 900); do
        [ "$(cat "$HOME"/.local/share/lacuna/training/*/log.jsonl 2>/dev/null | grep -c "\"event\":\"$1\"")" -ge "$2" ] && return
        kill -0 "$app" 2>/dev/null || fail "the window is gone: $(cat "$work/log")"
        sleep 0.5
    done
    fail "training never told of '$1' $2 times"
}

# A picture of a screen that does not come to rest.
snap() { # name folder
    sleep 1.5
    import -window root -quality 88 "${2:-$pictures}/$1.jpg"
    echo "  $1.jpg"
}

train() {
    mkdir -p "$work/Scenes" "$HOME/.config/lacuna"
    for scene in "$root"/assets/scenes/*-photo.jpg; do
        convert "$scene" -crop 600x534 +repage "$work/Scenes/$(basename "$scene" -photo.jpg)-%02d.jpg"
    done
    # Small squares and frequent looks, for a slow machine.
    cat >"$HOME/.config/lacuna/settings.json" <<'JSON'
{"train": {"side": 96, "batch": 2, "held_out": 5, "minutes": 30, "evaluate_every_steps": 5, "sample_every_s": 15}}
JSON
    start
    xdotool key F3
    shot train-begin "$aside"
    command_named "training photos"
    settle 2
    xdotool type --delay 40 "$work/Scenes"
    xdotool key Return
    settle 2
    shot train-photos "$aside"
    xdotool mousemove 800 980 key F5
    told held_out 4
    told samples 2
    snap train
    command_named_at_once "stop training"
    told finished 1
    settle 2
    shot train-stopped "$aside"
    # Closed and opened again, the run is offered to go on.
    quit
    start
    xdotool key F3
    shot train-resume "$aside"
    xdotool mousemove 50 108 click 1
    told held_out 6
    snap train-resumed "$aside"
    command_named_at_once "stop training"
    told finished 2
    settle 2
    command_named "use trained"
    settle 2
    shot train-used
    grep -q '"weights": ".*training/Scenes/weights.safetensors"' "$HOME/.config/lacuna/settings.json" ||
        fail "the weights are not in use"
    quit
    echo "  trained, stopped, resumed, taken into use"
}

cd "$work"
photo=
if [ -n "$original" ]; then
    photo=$work/photo.${original##*.}
    cp "$original" "$photo"
fi
if [ "${ONLY:-}" = train ]; then
    train
    echo "window.sh: done"
    exit
fi
start ${photo:+"$photo"}

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

# Ended by force, it brings the work back.
journal=$HOME/.local/share/lacuna/journal
for _ in $(seq 150); do compgen -G "$journal/*/document.safetensors" >/dev/null && break; sleep 0.2; done
written "$(echo "$journal"/*/document.safetensors)"
kill -9 "$app"
wait "$app" 2>/dev/null || true
start
shot recovered "$aside"

# Saved as a project and opened again, the result is the same file.
exported() { # where to
    rm "$HOME/Sample-edited.jpg"
    xdotool key ctrl+shift+e
    settle
    xdotool key Return
    written "$HOME/Sample-edited.jpg"
    cp "$HOME/Sample-edited.jpg" "$1"
}
exported before.jpg
xdotool key ctrl+s
settle
xdotool key Return
written "$HOME/Sample.lacuna"
quit
[ -z "$(ls "$journal")" ] || fail "work in a project is kept as well"
start "$HOME/Sample.lacuna"
shot project "$aside"
exported after.jpg
cmp before.jpg after.jpg || fail "the project shows another result"
quit
echo "  saved as a project and opened again: the same file"
[ "${ONLY:-}" = edit ] || train
echo "window.sh: done"

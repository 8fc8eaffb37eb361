# Keeps one browser and its driver, and sees to it that they end when the run ends, whatever ends it: standard input is
# a pipe that the run holds open. $1: their folder; $2: the driver; the rest: the browser with its arguments.
# The driver writes to our standard output and the browser to our standard error, which we leave to them alone, so that
# their ends are seen as ends of file.
folder=$1 driver=$2
shift 2
"$driver" --port=0 </dev/null 2>&1 &
driver=$!
"$@" </dev/null >/dev/null &
browser=$!
exec >/dev/null 2>&1
trap '' HUP INT TERM
cat
kill -KILL "$browser" "$driver"
wait
# What they started is in our process group. It must not write any more when the folder goes.
kill -TERM 0
rm -rf "$folder"
kill -KILL 0

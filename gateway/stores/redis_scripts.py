"""Where the session store's rows lie in Redis, how they are laid out, and the operations on them that must be one step.

    sekisho:s:{ab}…    a session     version (4) | end (8) | last use (8) | length of owner (2) | owner | sealed bytes
    sekisho:h:{ab}…    held          end (8) | sealed bytes
    sekisho:o:<owner>  sorted set of the owner's keys by end           sekisho:m:<name>   a mark's end

The braces hold a key's first two bytes: a cluster keeps what has the same ones together, so that a session can move to
a new key, with what is held, in one step. Rows are strings: a hash with a field of this size costs twice the memory.

Rows whose end has come count as absent even while Redis still holds them. ARGV[1] is the caller's clock. A change is
told on the channel as `<version>:<name of the row>`; -1 stands for a row that is gone. A use is not told.
"""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass

from gateway.stores.base import MOST_OF_ONE_OWNER, Stored

CHANNEL = "sekisho:changes"
_ROW = struct.Struct(">IddH")
_END = struct.Struct(">d")


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the digest by which Redis knows it."""

    text: str
    digest: str


def row_name(key: bytes) -> bytes:
    """Where a session is kept."""
    return b"sekisho:s:{" + key[:2] + b"}" + key[2:]


def held_name(key: bytes) -> bytes:
    """Where is kept what a session holds."""
    return b"sekisho:h:{" + key[:2] + b"}" + key[2:]


def owner_name(owner: str) -> bytes:
    """Where an owner's keys are listed."""
    return b"sekisho:o:" + owner.encode()


def mark_name(name: bytes) -> bytes:
    """Where a mark is kept."""
    return b"sekisho:m:" + name


def packed_row(data: bytes, owner: str, ends: float) -> bytes:
    """A new session."""
    name = owner.encode()
    return _ROW.pack(1, ends, 0.0, len(name)) + name + data


def unpacked_row(row: bytes, now: float) -> Stored | None:
    """The session; None when its end has come or it is none of ours."""
    if len(row) < _ROW.size:
        return None
    version, ends, seen_at, length = _ROW.unpack_from(row)
    return Stored(version, row[_ROW.size + length :], seen_at, ends) if ends > now else None


def packed_held(data: bytes, ends: float) -> bytes:
    """A held value."""
    return _END.pack(ends) + data


def unpacked_held(row: bytes, now: float) -> bytes | None:
    """The held value; None when its end has come."""
    return row[_END.size :] if len(row) >= _END.size and _END.unpack_from(row)[0] > now else None


def lifetime(ends: float, now: float) -> int:
    """Milliseconds for Redis's own expiry, which tidies up."""
    return max(1, math.ceil((ends - now) * 1000))


def _script(text: str) -> Script:
    whole = f"local now = tonumber(ARGV[1])\n{_COMMON}{text}"
    return Script(whole, hashlib.sha1(whole.encode(), usedforsecurity=False).hexdigest())


_COMMON = f"""
local function living(name)
  local row = redis.call('GET', name)
  if not row then return nil end
  local version, ends, seen, length, start = struct.unpack('>I4ddI2', row)
  if ends <= now then return nil end
  return version, ends, seen, string.sub(row, start, start + length - 1)
end
local function put(name, version, ends, seen, owner, data, ms)
  redis.call('SET', name, struct.pack('>I4ddI2', version, ends, seen, #owner) .. owner .. data, 'PX', ms)
end
local function tell(name, version) redis.call('PUBLISH', '{CHANNEL}', version .. ':' .. name) end
"""

# row → 1; 0 when another version stands; the owner when the end would move and is not listed yet
# version, data, end, milliseconds, listed
REPLACE = _script("""
local version, ends, seen, owner = living(KEYS[1])
if version ~= tonumber(ARGV[2]) then return 0 end
if ends ~= tonumber(ARGV[4]) and ARGV[6] == '0' then return owner end
put(KEYS[1], version + 1, tonumber(ARGV[4]), seen, owner, ARGV[3], ARGV[5])
tell(KEYS[1], version + 1)
return 1
""")

# old row, new row, old held, new held; version, data, owner, end, milliseconds
ROTATE = _script("""
local version, _, seen = living(KEYS[1])
if version ~= tonumber(ARGV[2]) then return 0 end
if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('RENAME', KEYS[3], KEYS[4]) end
redis.call('DEL', KEYS[1])
tell(KEYS[1], -1)
put(KEYS[2], 1, tonumber(ARGV[5]), seen, ARGV[4], ARGV[3], ARGV[6])
return 1
""")

# row, held → owner, or nothing when there was no row
REMOVE = _script("""
local _, _, _, owner = living(KEYS[1])
redis.call('DEL', KEYS[1], KEYS[2])
tell(KEYS[1], -1)
return owner
""")

# rows; when each was used. Moves forward only.
TOUCH = _script("""
for i, name in ipairs(KEYS) do
  local head = redis.call('GETRANGE', name, 0, 19)
  if #head == 20 and struct.unpack('>d', head, 13) < tonumber(ARGV[i + 1]) then
    redis.call('SETRANGE', name, 12, struct.pack('>d', tonumber(ARGV[i + 1])))
  end
end
return #KEYS
""")

# owner; key, end → keys beyond the bound, those that end soonest
LIST = _script(f"""
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
local last = tonumber(redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])
redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil((last - now) * 1000)))
local surplus = redis.call('ZCARD', KEYS[1]) - {MOST_OF_ONE_OWNER}
local gone = {{}}
for _, key in ipairs(surplus > 0 and redis.call('ZRANGE', KEYS[1], 0, surplus) or {{}}) do
  if #gone < surplus and key ~= ARGV[2] then table.insert(gone, key) end
end
return gone
""")

# owners → how many have a key that lives
PRESENT = _script("""
local count = 0
for _, name in ipairs(KEYS) do
  if redis.call('ZCOUNT', name, '(' .. ARGV[1], '+inf') > 0 then count = count + 1 end
end
return count
""")

# held → its bytes, once
TAKE = _script("""
local row = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return row
""")

# mark; end, milliseconds
MARK = _script("""
local ends = redis.call('GET', KEYS[1])
if ends and tonumber(ends) > now then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
""")

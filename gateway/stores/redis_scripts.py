"""The session store's operations as Redis runs them, each in one step.

ARGV[1] is the caller's clock. Rows whose end (`e`) has come count as absent even while Redis still holds them.
A change is told on the channel as `<version>:<key>`; -1 stands for a key that is gone.
"""

from __future__ import annotations

from gateway.stores.base import MOST_OF_ONE_OWNER

PREFIX = "{sekisho}:"
CHANNEL = PREFIX + "changes"

_COMMON = f"""
local prefix, now = '{PREFIX}', tonumber(ARGV[1])
local function session(key) return prefix .. 's:' .. key end
local function held(key) return prefix .. 'h:' .. key end
local function tell(key, version) redis.call('PUBLISH', '{CHANNEL}', version .. ':' .. key) end
local function living(name)
  local row = redis.call('HMGET', name, 'v', 'd', 'e', 'o', 'u')
  if row[3] and tonumber(row[3]) > now then return row end
  return nil
end
local function keep(name, ends)
  redis.call('PEXPIRE', name, math.max(1, math.ceil((tonumber(ends) - now) * 1000)))
end
local function own(owner, key, ends)
  local name = prefix .. 'o:' .. owner
  redis.call('ZREMRANGEBYSCORE', name, '-inf', now)
  redis.call('ZADD', name, ends, key)
  keep(name, redis.call('ZRANGE', name, -1, -1, 'WITHSCORES')[2])
end
local function put(key, version, data, owner, ends)
  redis.call('HSET', session(key), 'v', version, 'd', data, 'o', owner, 'e', ends)
  keep(session(key), ends)
  own(owner, key, ends)
  tell(key, version)
end
local function drop(key)
  local row = living(session(key))
  if row then redis.call('ZREM', prefix .. 'o:' .. row[4], key) end
  redis.call('DEL', session(key), held(key))
  tell(key, -1)
  return row and 1 or 0
end
"""

# key → version, data, end
GET = _COMMON + "return living(session(ARGV[2]))"

# key, data, owner, end
CREATE = (
    _COMMON
    + f"""
put(ARGV[2], 1, ARGV[3], ARGV[4], ARGV[5])
local owned = prefix .. 'o:' .. ARGV[4]
local surplus = redis.call('ZCARD', owned) - {MOST_OF_ONE_OWNER}
for _, key in ipairs(surplus > 0 and redis.call('ZRANGE', owned, 0, surplus) or {{}}) do
  if surplus > 0 and key ~= ARGV[2] then
    drop(key)
    redis.call('ZREM', owned, key)
    surplus = surplus - 1
  end
end
return 1
"""
)

# key, version, data, end
REPLACE = (
    _COMMON
    + """
local row = living(session(ARGV[2]))
if not row or row[1] ~= ARGV[3] then return 0 end
put(ARGV[2], row[1] + 1, ARGV[4], row[4], ARGV[5])
return 1
"""
)

# old, new, version, data, owner, end
ROTATE = (
    _COMMON
    + """
local row = living(session(ARGV[2]))
if not row or row[1] ~= ARGV[4] then return 0 end
if redis.call('EXISTS', held(ARGV[2])) == 1 then redis.call('RENAME', held(ARGV[2]), held(ARGV[3])) end
drop(ARGV[2])
put(ARGV[3], 1, ARGV[5], ARGV[6], ARGV[7])
return 1
"""
)

# key
REMOVE = _COMMON + "return drop(ARGV[2])"

# owner
REMOVE_OWNER = (
    _COMMON
    + """
local count = 0
for _, key in ipairs(redis.call('ZRANGE', prefix .. 'o:' .. ARGV[2], 0, -1)) do count = count + drop(key) end
return count
"""
)

# key, seen, key, seen …
TOUCH = (
    _COMMON
    + """
for i = 2, #ARGV, 2 do
  local name = session(ARGV[i])
  local row = living(name)
  if row and tonumber(row[5] or 0) < tonumber(ARGV[i + 1]) then redis.call('HSET', name, 'u', ARGV[i + 1]) end
end
return 1
"""
)

# owner → keys
OWNED = _COMMON + "return redis.call('ZRANGE', prefix .. 'o:' .. ARGV[2], 0, -1)"

# owners
PRESENT = (
    _COMMON
    + """
local count = 0
for i = 2, #ARGV do
  if redis.call('ZCOUNT', prefix .. 'o:' .. ARGV[i], '(' .. now, '+inf') > 0 then count = count + 1 end
end
return count
"""
)

# key, data, end
HOLD = (
    _COMMON
    + """
redis.call('HSET', held(ARGV[2]), 'd', ARGV[3], 'e', ARGV[4])
keep(held(ARGV[2]), ARGV[4])
return 1
"""
)

# key → data
TAKE_HELD = (
    _COMMON
    + """
local row = living(held(ARGV[2]))
redis.call('DEL', held(ARGV[2]))
return row and row[2]
"""
)

# name, end
MARK = (
    _COMMON
    + """
local name = prefix .. 'm:' .. ARGV[2]
local ends = redis.call('GET', name)
if ends and tonumber(ends) > now then return 0 end
redis.call('SET', name, ARGV[3])
keep(name, ARGV[3])
return 1
"""
)

# name
MARKED = (
    _COMMON
    + """
local ends = redis.call('GET', prefix .. 'm:' .. ARGV[2])
return (ends and tonumber(ends) > now) and 1 or 0
"""
)

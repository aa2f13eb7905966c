-- Puts back a key that this Redis has lost, or has an older version of, from a proxy's memory.
-- KEYS  1 records   2 holder of each secret   3 versions in which keys changed
-- ARGV  1 key   2 record   3 its version   4.. hashes of its secrets
-- Returns 1 written, 0 what is there is no older.
local key = ARGV[1]
local stored = redis.call('HGET', KEYS[1], key)
local before = stored and cjson.decode(stored) or {secrets = {}, version = 0}
if before.version >= tonumber(ARGV[3]) then
  return 0
end
for _, secret in ipairs(before.secrets) do
  redis.call('HDEL', KEYS[2], secret.hash)
end
for i = 4, #ARGV do
  redis.call('HSET', KEYS[2], ARGV[i], key)
end
redis.call('HSET', KEYS[1], key, ARGV[2])
local last = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')
redis.call('ZADD', KEYS[3], (tonumber(last[2]) or 0) + 1, key)
return 1

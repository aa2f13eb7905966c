-- Writes a key with the reason for it, if the version it is based on is still the stored one and
-- nobody else has its secrets: two proxies' owners may change keys at the same time.
-- KEYS  1 records   2 holder of each secret   3 versions in which keys changed   4 audit
-- ARGV  1 key   2 record   3 its version, 0 for a new key   4 its parent or ''   5 audit row
--       6 audit rows to keep   7.. hashes of its secrets
-- Returns {0} written, {1} exists, {2} unknown, {3} other version, {4} no parent, {5, holder} a
-- secret is taken, {6} the parent would change.
local key, version = ARGV[1], tonumber(ARGV[3])
local stored = redis.call('HGET', KEYS[1], key)
local before = {secrets = {}}
if version == 0 then
  if stored then
    return {1}
  end
  if ARGV[4] ~= '' and redis.call('HEXISTS', KEYS[1], ARGV[4]) == 0 then
    return {4}
  end
else
  if not stored then
    return {2}
  end
  before = cjson.decode(stored)
  if before.status == 'deleted' then
    return {2}
  end
  if (before.parent or '') ~= ARGV[4] then
    return {6}
  end
  if before.version + 1 ~= version then
    return {3}
  end
end
for i = 7, #ARGV do
  local holder = redis.call('HGET', KEYS[2], ARGV[i])
  if holder and holder ~= key then
    return {5, holder}
  end
end
for _, secret in ipairs(before.secrets) do
  redis.call('HDEL', KEYS[2], secret.hash)
end
for i = 7, #ARGV do
  redis.call('HSET', KEYS[2], ARGV[i], key)
end
redis.call('HSET', KEYS[1], key, ARGV[2])
local last = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')
redis.call('ZADD', KEYS[3], (tonumber(last[2]) or 0) + 1, key)
redis.call('LPUSH', KEYS[4], ARGV[5])
redis.call('LTRIM', KEYS[4], 0, tonumber(ARGV[6]) - 1)
return {0}

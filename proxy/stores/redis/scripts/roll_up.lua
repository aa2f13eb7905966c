-- Adds a batch of a lane's entries to the sums, with the lane's progress in the same step: a batch
-- that is told twice counts once.
-- KEYS  1 progress of the node's lanes   2 last use of keys   3.. for each changed key: its sums,
--       its hours, its spreads
-- ARGV  1 lane   2 three i8: first and last sequence, the progress that is known   3 hours to keep   4 number of uses n
--       5.. n times key, ms   then for each row: index of its sums in KEYS, hour, field, thirteen i8,
--       its spread: I2 place, I4 count, places ascending
-- Returns {1} added, {2} known, {3, applied} entries are missing between what is applied and these,
-- {4, applied} this Redis has forgotten: nothing is added.
local SUMS = '<i8i8i8i8i8i8i8i8i8i8i8i8i8'
local ITEM, ITEM_BYTES, COUNT_MAX = '<I2I4', 6, 4294967295
local function merged(some, more)
  local out, i, j = {}, 1, 1
  while i <= #some or j <= #more do
    local a, n, b, m = 65536, 0, 65536, 0
    if i <= #some then
      a, n = struct.unpack(ITEM, some, i)
    end
    if j <= #more then
      b, m = struct.unpack(ITEM, more, j)
    end
    if a <= b then
      i = i + ITEM_BYTES
    end
    if b <= a then
      j = j + ITEM_BYTES
    end
    out[#out + 1] = struct.pack(ITEM, math.min(a, b),
      math.min(COUNT_MAX, (a <= b and n or 0) + (b <= a and m or 0)))
  end
  return table.concat(out)
end
local first, last, acknowledged = struct.unpack('<i8i8i8', ARGV[2])
local applied = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if applied < acknowledged then
  return {4, string.format('%.0f', applied)}
end
if last <= applied then
  return {2}
end
local uses = tonumber(ARGV[4])
for i = 5, 4 + 2 * uses, 2 do
  local before = tonumber(redis.call('HGET', KEYS[2], ARGV[i]) or '0')
  if tonumber(ARGV[i + 1]) > before then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
for i = 5 + 2 * uses, #ARGV, 5 do
  local where, hour, field = tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 2]
  local sums = {struct.unpack(SUMS, ARGV[i + 3])}
  local known = redis.call('HGET', KEYS[where], field)
  if known then
    local before = {struct.unpack(SUMS, known)}
    for j = 1, 13 do
      sums[j] = sums[j] + before[j]
    end
  end
  redis.call('HSET', KEYS[where], field, struct.pack(SUMS, unpack(sums, 1, 13)))
  redis.call('HSET', KEYS[where + 2], field,
    merged(redis.call('HGET', KEYS[where + 2], field) or '', ARGV[i + 4]))
  redis.call('ZADD', KEYS[where + 1], hour, field)
  local old = redis.call('ZRANGEBYSCORE', KEYS[where + 1], '-inf',
    '(' .. string.format('%.0f', tonumber(hour) - tonumber(ARGV[3])), 'LIMIT', 0, 100)
  if #old > 0 then
    redis.call('HDEL', KEYS[where], unpack(old))
    redis.call('HDEL', KEYS[where + 2], unpack(old))
    redis.call('ZREM', KEYS[where + 1], unpack(old))
  end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', last))
if first > applied + 1 then
  return {3, string.format('%.0f', applied)}
end
return {1}

-- Proxies among themselves: who is there, and which Redis processes may decide. A process is known
-- by its replication id, new with each start and promotion; one that is met for the first time, or
-- has lost something, gets a fresh token, and decides nothing until all who were there have told it
-- what they know. Who was gone for long before the last that it has of anybody need not: all of
-- theirs had reached it (of other masters than this one that cannot be said).
-- KEYS  1 proxies by when they were last here   2 processes by replication id, in JSON
-- ARGV  1 this proxy   2 when it was told to be here last, or 0   3 a fresh word
--       4 request_lifetime_max and the silence that counts as long, ms   5 '1' there is one master
--       6 JSON: {known: {proxy: ms}, leaving: bool, shards: {replid: {told, opened, lost: token}}}
-- Returns JSON: {now, own, nodes: {proxy: ms}, shards: {replid: {token, open, told: {proxy: true},
-- missing: {proxy: ms}}}}
local node, last, word = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local lifetime, silence = string.match(ARGV[4], '(%d+) (%d+)')
lifetime, silence = tonumber(lifetime), tonumber(silence)
local single, said = ARGV[5] == '1', cjson.decode(ARGV[6])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local own = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
local newest = tonumber(redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or '0')
if said.leaving then
  redis.call('ZREM', KEYS[1], node)
  return cjson.encode({now = now, own = own, nodes = {}, shards = {}})
end
-- What it has of us is older than it was: so may be what it has of others.
if tonumber(redis.call('ZSCORE', KEYS[1], node) or '0') < last then
  for other, ms in pairs(said.known) do
    redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', ms), other)
  end
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now), node)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - lifetime))
local nodes, list = {}, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #list, 2 do
  nodes[list[i]] = tonumber(list[i + 1])
end

local function shard(replid, says)
  local raw = redis.call('HGET', KEYS[2], replid)
  local s = raw and cjson.decode(raw)
  local changed = false
  if not s or (says.lost and says.lost == s.token) then
    if not s and single then
      redis.call('DEL', KEYS[2])
    end
    s = {token = word, newest = not s and single and replid == own and newest or 0, open = false, told = {}}
    changed = true
  end
  if says.told == s.token and not s.told[node] then
    s.told[node], changed = true, true
  end
  if says.opened == s.token and not s.open then
    s.open, changed = true, true
  end
  if changed then
    redis.call('HSET', KEYS[2], replid, cjson.encode(s))
  end
  local missing = {}
  for other, ms in pairs(nodes) do
    if not s.open and not s.told[other] and s.newest < ms + silence then
      missing[other] = ms
    end
  end
  return {token = s.token, open = s.open, told = s.told, missing = missing}
end
local shards = {}
if not said.shards[own] then
  shards[own] = shard(own, {})
end
for replid, says in pairs(said.shards) do
  if replid == own or not single then -- else it is this one, by an earlier name
    shards[replid] = shard(replid, says)
  end
end
return cjson.encode({now = now, own = own, nodes = nodes, shards = shards})

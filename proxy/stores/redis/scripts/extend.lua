-- The second step of a provisional hold, once its body is known: adds tokens and money, and turns
-- held requests into used ones. All or nothing; asked again it answers the same.
-- KEYS  1 holds of the root   2.. state of the key and its parents
-- ARGV  1 request id   2 limits of each member
--       3 five i8: now or 0, tokens, tokens at risk, money wanted, least money
-- Returns as reserve does.
local id = ARGV[1]
local a = {struct.unpack('<i8i8i8i8i8', ARGV[3])}
local now = clock(a[1])
local tokens, risk = bounded(a[2], COUNT_MAX), bounded(a[3], COUNT_MAX)
local want = bounded(a[4], MONEY_MAX)
local least = bounded(a[5], want)

local known = redis.call('HGET', KEYS[1], id)
if not known or string.sub(known, 1, 1) ~= 'o' then
  return {3, now, id}
end
local states, limits, raws, at = load_chain(2, ARGV[2])
local no_answer = undecided(states, now, id)
if no_answer then
  return no_answer
end
local r = read_request(known)
local h = r.hold
if r.extended == 1 then
  return {1, now, id, string.sub(known, 58, 113), unpack(raws)}
end
at = max(at, now)
local month, day = windows(at)

local granted, admitted = want, true
-- Where the hold's window has passed, its money is to be held once more in the one of now.
local function window(limit, id_now, held_in, spent, held)
  if limit >= 0 then
    local moved = held_in ~= id_now and h[5] or 0
    local unheld = limit - spent - moved - held
    if limit > 0 and unheld >= least then
      granted = min(granted, unheld)
    else
      admitted = false
    end
  end
end
local deep = {}
for i = 1, #states do
  local s, l = states[i], limits[i]
  deep[i] = (l[1] >= 0 and s[RL] > l[1] * HOUR) or (l[3] >= 0 and s[TL] > l[3] * HOUR)
  advance(s, l, at, month, day)
  if l[3] >= 0 then
    if not fits(s[TL], s[TH], l[3], l[4], tokens) then
      admitted = false
    end
    if risk > 0 and s[RISK] + risk > l[3] * DEBT_MINUTES then
      admitted = false
    end
  end
  window(l[5], s[MID], h[6], s[MS], s[MH])
  window(l[6], s[DID], h[7], s[DS], s[DH])
  window(l[7], 0, 0, s[SUM], s[SUMH])
end

if not admitted then
  for i = 1, #states do
    if deep[i] then
      redis.call('SET', KEYS[1 + i], packed_state(states[i]))
    end
  end
  return {2, now, id, '', unpack(raws)}
end

local whole = h[5] + granted
for i = 1, #states do
  local s, l = states[i], limits[i]
  s[RH] = s[RH] - h[1]
  charge(s, RL, l[1], h[1])
  s[TH] = s[TH] + tokens
  s[RISK] = s[RISK] + risk
  s[MH] = s[MH] + (h[6] == s[MID] and granted or whole)
  s[DH] = s[DH] + (h[7] == s[DID] and granted or whole)
  s[SUMH] = s[SUMH] + granted
  raws[i] = packed_state(s)
  redis.call('SET', KEYS[1 + i], raws[i])
end
h = {0, h[2], h[3] + tokens, h[4] + risk, whole, month, day}
local record = open_request(r.since, r.not_after, 1, r.owner, r.leaf, h)
redis.call('HSET', KEYS[1], id, record)
return {1, now, id, string.sub(record, 58, 113), unpack(raws)}

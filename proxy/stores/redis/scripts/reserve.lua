-- Admits a request on every member of its chain, or none: one step, so that no two proxies can
-- both take what only one may have. Asked again with the same id it answers the same.
-- KEYS  1 holds of the root   2.. state of the key and its parents
-- ARGV  1 request id   2 owner and leaf, 32 letters   3 limits of each member
--       4 nine i8: now or 0, not_after, requests, slots, tokens, tokens at risk, money wanted, least
--         money, provisional
-- Returns {1, now, id, hold, state...} held, {2, now, id, '', state...} refused (the asker works out
-- which limit and until when from the states), {3, now, id} too late, {5, now, id} the root was lost
-- and is not open again. The id is the request's: an answer that came in another's place is none.
local id, who = ARGV[1], ARGV[2]
local a = {struct.unpack('<i8i8i8i8i8i8i8i8i8', ARGV[4])}
local now, not_after = clock(a[1]), a[2]
local requests, slots = bounded(a[3], COUNT_MAX), bounded(a[4], COUNT_MAX)
local tokens, risk = bounded(a[5], COUNT_MAX), bounded(a[6], COUNT_MAX)
local want = bounded(a[7], MONEY_MAX)
local least = bounded(a[8], want)

local known = redis.call('HGET', KEYS[1], id)
if known and string.sub(known, 1, 1) ~= 'o' then
  return {3, now, id}
end
if not known and now > not_after then
  return {3, now, id}
end
local states, limits, raws, at = load_chain(2, ARGV[3])
local no_answer = undecided(states, now, id)
if no_answer then
  return no_answer
end
if known then
  return {1, now, id, string.sub(known, 58, 113), unpack(raws)}
end
at = max(at, now)
local month, day = windows(at)

local granted, admitted = want, true
local function window(limit, spent, held)
  if limit >= 0 then
    local unheld = limit - spent - held
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
  if l[1] >= 0 and not fits(s[RL], s[RH], l[1], l[2], requests) then
    admitted = false
  end
  if l[8] >= 0 and not (l[8] > 0 and s[SLOTS] + slots <= l[8]) then
    admitted = false
  end
  if l[3] >= 0 then
    if not fits(s[TL], s[TH], l[3], l[4], tokens) then
      admitted = false
    end
    if risk > 0 and s[RISK] + risk > l[3] * DEBT_MINUTES then
      admitted = false
    end
  end
  window(l[5], s[MS], s[MH])
  window(l[6], s[DS], s[DH])
  window(l[7], s[SUM], s[SUMH])
end

if not admitted then
  -- Nothing is taken; only time that the clamp to an hour would lose is written down.
  for i = 1, #states do
    if deep[i] then
      redis.call('SET', KEYS[1 + i], packed_state(states[i]))
    end
  end
  return {2, now, id, '', unpack(raws)}
end

local h = {a[9] == 1 and requests or 0, slots, tokens, risk, granted, month, day}
for i = 1, #states do
  local s, l = states[i], limits[i]
  if a[9] == 1 then
    s[RH] = s[RH] + requests
  else
    charge(s, RL, l[1], requests)
  end
  s[SLOTS] = s[SLOTS] + slots
  s[TH] = s[TH] + tokens
  s[RISK] = s[RISK] + risk
  s[MH], s[DH], s[SUMH] = s[MH] + granted, s[DH] + granted, s[SUMH] + granted
  raws[i] = packed_state(s)
  redis.call('SET', KEYS[1 + i], raws[i])
end
local record = open_request(now, not_after, 0, string.sub(who, 1, 16), string.sub(who, 17, 32), h)
redis.call('HSET', KEYS[1], id, record)
return {1, now, id, string.sub(record, 58, 113), unpack(raws)}

-- One step between a node and what it was lent of a key's chain, so that the node can admit by
-- itself: it tells how many requests it has admitted, brings back what it does not need, and is lent
-- more. What is lent is held on every member, in one step, so that nobody else can take it; the
-- ledger charges what became of it (apply.lua). A step that is told twice counts once: its answer
-- is repeated. round.lua cannot serve: a loan is used in part, grows and comes back.
-- KEYS  1 holds of the root   2.. state of the key and its parents
-- ARGV  1 lease: node and number, 12 bytes   2 owner and leaf, 32 letters   3 limits of each member
--       4 21 i8: now or 0, not_after, sequence, 1 closing, requests used, parts, then five each of
--         brought back, wanted, least (requests, slots, tokens, tokens at risk, money)
-- Returns {1, now, lease, seven i8 granted and the windows it is in, state...}, {2, now, lease} it
-- has expired or was closed, {3, now, lease} it is not the one it was: this Redis has forgotten,
-- {4, now, lease} too late, {5, now, lease} the root is closed: nothing has happened.
local id, who = ARGV[1], ARGV[2]
local n = {unpacked('<i8i8i8i8i8i8i8i8i8i8i8i8i8i8i8i8i8i8i8i8i8', ARGV[4])}
local now, not_after, sequence, closing = clock(n[1]), n[2], n[3], n[4]
local used, parts = n[5], max(1, n[6])
local function five(first)
  return {n[first], n[first + 1], n[first + 2], n[first + 3], n[first + 4]}
end
local returned, most, least = five(7), five(12), five(17)

local known = call('HGET', KEYS[1], id)
local r
if known then
  r = read_loan(known)
  if not r then
    return redis.error_reply('BADSTATE a lease is not what we wrote: was it written by something ' ..
      'else?')
  end
  if r.phase == 'd' then
    return {2, now, id}
  end
elseif closing == 1 then
  return {2, now, id}
elseif sequence > 1 then
  return {3, now, id}
elseif now > not_after then
  return {4, now, id}
else
  r = {phase = 'l', not_after = 0, sequence = 0, owner = part(who, 1, 16),
    leaf = part(who, 17, 32), amount = {0, 0, 0, 0, 0}, month = 0, day = 0,
    granted = {0, 0, 0, 0, 0}}
end
if sequence ~= r.sequence and sequence ~= r.sequence + 1 then
  return {3, now, id}
end
local states, limits, raws, at = load_chain(2, ARGV[3])
if not states then
  return bad_state()
end
if states.tail ~= '' then
  return {5, now, id}
end

local function answer()
  local g = r.granted
  return {1, now, id, packed_hold({g[1], g[2], g[3], g[4], g[5], r.month, r.day}), unpack(raws)}
end
if sequence == r.sequence then
  return answer()
end

at = max(at, now)
local month, day = advance(states, limits, at)
local bounds = {COUNT_MAX, COUNT_MAX, COUNT_MAX, COUNT_MAX, MONEY_MAX}
local wants = false
for j = 1, 5 do
  most[j] = bounded(most[j], bounds[j])
  wants = wants or n[11 + j] ~= 0
end
local refused = false
local function room(limit, taken, j)
  refused = refused or limit == 0 or taken > limit
  most[j] = min(most[j], floor(max(0, limit - taken) / parts))
end
local before = {amount = r.amount, month = r.month, day = r.day}
local a = {}
for j = 1, 5 do
  a[j] = r.amount[j] - returned[j]
end
a[1] = a[1] - used
r.amount, r.month, r.day, r.sequence = a, month, day, sequence
for i = 1, #states do
  local s, l = states[i], limits[i]
  loan_out(s, before)
  charge(s, RL, l[1], used)
  loan_in(s, r)
  if l[1] >= 0 then
    room(l[1] == 0 and 0 or l[2], floor((s[RL] + WHOLE - 1) / WHOLE) + s[RH], 1)
  end
  if l[8] >= 0 then
    room(l[8], s[SLOTS], 2)
  end
  if l[3] >= 0 then
    room(l[3] == 0 and 0 or l[4], floor((s[TL] + WHOLE - 1) / WHOLE) + s[TH], 3)
    if most[4] > 0 then
      room(l[3] * DEBT_MINUTES, s[RISK], 4)
    end
  end
  if l[5] >= 0 then
    room(l[5], s[MS] + s[MH], 5)
  end
  if l[6] >= 0 then
    room(l[6], s[DS] + s[DH], 5)
  end
  if l[7] >= 0 then
    room(l[7], s[SUM] + s[SUMH], 5)
  end
end
local granted = wants and not refused
for j = 1, 5 do
  granted = granted and most[j] >= least[j]
end
r.granted = granted and most or {0, 0, 0, 0, 0}
for i = 1, #states do
  loan_out(states[i], r)
end
for j = 1, 5 do
  a[j] = a[j] + r.granted[j]
end
for i = 1, #states do
  loan_in(states[i], r)
  raws[i] = packed_state(states[i])
  call('SET', KEYS[1 + i], raws[i])
end
r.since, r.closing = now, closing
if closing == 1 and nothing_lent(r) then
  call('HDEL', KEYS[1], id)
else
  call('HSET', KEYS[1], id, packed_loan(r))
end
return answer()
